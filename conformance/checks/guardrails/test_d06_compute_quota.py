"""D06: a tenant cannot take more CPU and memory than its quota allows.

Requests keep a node's share reserved, used or not: one tenant's Pod would keep all others off.
"""

from conformance.api import Control, Level, Scenario, check, eventually, expect, given, pick


@check(
    "D06",
    level=Level.HARDENED,
    control=Control.RESOURCE_QUOTA,
    kills=["M11-quota"],
    spec="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    source="catalogue D06; apiserver@v0.36.3/pkg/admission/plugin/resourcequota/controller.go:622",
    signal='403 "exceeded quota: … requested: … requests.cpu=1k"; the Pod is absent',
)
def test_d06_compute_quota(scenario: Scenario) -> None:
    """Submit a Pod that wants a thousand CPUs and a tebibyte, with a quota and without."""
    # Allowed path first: where no quota is, the server takes the same Pod.
    given(scenario["Pod/d06-plain"].submit(dry_run=True)).is_admitted()
    eventually(
        lambda: _counted(scenario), bool, timeout_s=scenario.platform.timeouts.workload, what="the quota is counted"
    )

    answer = scenario["Pod/d06-over"].submit()
    wanted = ("requests.cpu=1k", "limits.cpu=1k", "requests.memory=1Ti", "limits.memory=1Ti")
    expect(answer).is_refused(message=("exceeded quota:", *wanted))
    expect(answer).leaves_no_trace("Pod/d06-over", namespace="shared-a")


def _counted(scenario: Scenario) -> bool:
    """Whether each quota has a status, without which it refuses for another reason."""
    quotas = scenario.platform.client.objects("v1", "ResourceQuota", namespace="shared-a")
    return all(pick(quota, "status", "used") is not None for quota in quotas)
