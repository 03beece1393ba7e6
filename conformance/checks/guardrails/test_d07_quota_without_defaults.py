"""D07: a tenant's Pod that does not say what it needs is refused where no defaults speak for it.

A quota that let such Pods pass would count nothing: they may take all of their node.
"""

import contextlib
from collections.abc import Iterator

from conformance.api import Control, Level, Ref, Scenario, check, expect, given, pick


@check(
    "D07",
    level=Level.HARDENED,
    control=Control.RESOURCE_QUOTA,
    kills=["M11-quota"],
    spec="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    source="catalogue D07; kubernetes@v1.36.3/pkg/quota/v1/evaluator/core/pods.go",
    signal='403 "failed quota: … must specify limits.cpu … requests.cpu"; the Pod is absent',
)
def test_d07_quota_without_defaults(scenario: Scenario) -> None:
    """Submit a Pod with requests and limits, and one without, after the LimitRange is gone."""
    # Allowed path first: a Pod that says what it needs is admitted.
    given(scenario["Pod/d07-sized"].submit(dry_run=True)).is_admitted()
    with _without_defaults(scenario):
        answer = scenario["Pod/d07-bare"].submit()
        expect(answer).is_refused(message=("failed quota:", "must specify", "limits.cpu", "requests.cpu"))
        expect(answer).leaves_no_trace("Pod/d07-bare", namespace="d07-a")


@contextlib.contextmanager
def _without_defaults(scenario: Scenario) -> Iterator[None]:
    """Take the namespace's LimitRanges away; in force when no Pod is given their values any more."""
    client = scenario.platform.client
    found = client.objects("v1", "LimitRange", namespace="d07-a")
    try:
        for one in found:
            client.delete(Ref.of(one))
        scenario.until_enforced(
            lambda: pick(scenario["Pod/d07-bare"].submit(dry_run=True).object, "spec", "containers", 0, "resources"),
            lambda given_values: not given_values,
            what="Pods of d07-a get no defaults",
        )
        yield
    finally:
        for one in found:
            kept = {key: one["metadata"][key] for key in ("name", "namespace", "labels")}
            client.apply({**one, "metadata": kept}, manager="kustomize-controller")
