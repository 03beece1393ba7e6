"""D09: a tenant that has used up its quota takes nothing from another tenant.

Quotas are there so that one tenant's appetite is not another's outage; storage stands for what they bound, since it
fills by one object.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that, pick


@check(
    "D09",
    level=Level.HARDENED,
    control=Control.RESOURCE_QUOTA,
    kills=["M11-quota"],
    spec="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    source="catalogue D09; apiserver@v0.36.3/pkg/admission/plugin/resourcequota/controller.go:622",
    signal='403 "exceeded quota: … requests.storage" in shared-a; admitted in shared-b at the same time',
)
def test_d09_quota_isolation(scenario: Scenario) -> None:
    """Claim all of one tenant's storage, then some more, and some of the other's."""
    filler = scenario["PersistentVolumeClaim/d09-filler"]
    quotas = scenario.platform.client.objects("v1", "ResourceQuota", namespace="shared-a")
    limits = [pick(quota, "spec", "hard", "requests.storage") for quota in quotas]
    if any(limits):
        filler = filler.with_fields({"spec.resources.requests": {"storage": limits[0]}})
    given(filler.submit()).is_admitted()

    over = scenario["PersistentVolumeClaim/d09-over"].submit()
    expect(over).is_refused(message=("exceeded quota:", "requests.storage"))
    expect(scenario["PersistentVolumeClaim/d09-other"].submit()).is_admitted()
    given_that(filler.live(), f"{filler.ref} was there all the time")
    expect(over).leaves_no_trace("PersistentVolumeClaim/d09-over", namespace="shared-a")
