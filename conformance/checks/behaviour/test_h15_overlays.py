"""H15: each cluster applies its own environment's overlay, of the fleet and of the tenants.

Production runs releases only, in two copies, and takes no version that a robot found. A cluster that follows the wrong
folder runs what nobody approved for it.
"""

from conformance.api import Capability, Control, Environment, Scenario, check, expect_none, given, given_that, pick

RELEASE = {
    Environment.STAGING: {"version": ">=1.0.0-alpha", "replicas": 1},
    Environment.PRODUCTION: {"version": ">=1.0.0", "replicas": 2},
}
"""What the reference tenant's repository says for each."""


@check(
    "H15",
    control=Control.OVERLAYS,
    kills=["M80-other-overlay"],
    needs=[Capability.REPOSITORIES],
    source="catalogue H15; tenant-repo/staging and tenant-repo/production",
    signal="staging: pre-releases, 1 replica, no image policy; production: releases, 2 replicas, that policy",
)
def test_h15_overlays(scenario: Scenario) -> None:
    """Read each tenant's release, and whether image automation is refused."""
    platform = scenario.platform
    given(scenario["Kustomization/tenants"]).contains_wanted()
    for namespace in platform.tenants.values():
        live = scenario.existing("HelmRelease/podinfo", namespace).live()
        given_that(live, f"{namespace} has no release podinfo")
        seen = {
            "version": pick(live, "spec", "chart", "spec", "version"),
            "replicas": pick(live, "spec", "values", "replicaCount"),
        }
        wanted = RELEASE[scenario.environment]
        other = [] if seen == wanted else [seen]
        expect_none(scenario, other, f"{namespace} runs another overlay", wanted=str(wanted))

    policy = platform.fleet.profile.policies.image_automation
    given_that(policy, "this fleet names no policy on image automation in conformance.yaml")
    there = scenario.existing(f"ValidatingAdmissionPolicyBinding/{policy}", "").live() is not None
    production = scenario.environment is Environment.PRODUCTION
    expect_none(
        scenario,
        [] if there is production else ["present" if there else "absent"],
        f"the policy {policy} does not fit {scenario.environment}",
        wanted="present" if production else "absent",
    )
