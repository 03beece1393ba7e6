"""D05: a tenant cannot run more Pods than its quota allows.

Nodes are shared: without a quota one tenant's mistake is every tenant's outage.
"""

from conformance.api import Control, Level, Scenario, check, eventually, expect, given, pick


@check(
    "D05",
    level=Level.HARDENED,
    control=Control.RESOURCE_QUOTA,
    kills=["M11-quota"],
    spec="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    source="catalogue D05; apiserver@v0.36.3/pkg/admission/plugin/resourcequota/controller.go:622",
    signal='403 "exceeded quota:", "requested: pods=1"; the Pod is absent',
)
def test_d05_pod_quota(scenario: Scenario) -> None:
    """Submit a Pod where there is room, and where a Deployment has taken all there was."""
    # Allowed path first: the other tenant, whose quota is as large, has room.
    given(scenario["Pod/d05-under"].submit(dry_run=True)).is_admitted()
    eventually(
        lambda: _nothing_left(scenario),
        bool,
        timeout_s=scenario.platform.timeouts.workload,
        what="d05-filler has used up the Pods of d05-a",
    )

    answer = scenario["Pod/d05-over"].submit()
    expect(answer).is_refused(message=("exceeded quota:", "requested: pods=1"))
    expect(answer).leaves_no_trace("Pod/d05-over", namespace="d05-a")


def _nothing_left(scenario: Scenario) -> bool:
    """Whether the filler's Pods run and the quota is used up; without a quota there is nothing to wait for.

    There may be fewer Pods than are used: one that failed after it was charged is counted until the quota is
    calculated anew, minutes later.
    """
    made = pick(scenario["Deployment/d05-filler"].live(), "status", "readyReplicas")
    quotas = scenario.platform.client.objects("v1", "ResourceQuota", namespace="d05-a")
    limits = [quota for quota in quotas if pick(quota, "spec", "hard", "pods")]
    full = any(pick(quota, "status", "used", "pods") == pick(quota, "status", "hard", "pods") for quota in limits)
    return not limits or bool(made and full)
