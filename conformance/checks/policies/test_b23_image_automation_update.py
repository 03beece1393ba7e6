"""B23: in production an object of image automation that is older than the tenant's label cannot be changed.

A namespace may have had a life before it became a tenant's. A policy that looks at CREATE only leaves what it finds
there to the tenant.
"""

from conformance.api import Control, Environment, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "B23",
    level=Level.HARDENED,
    control=Control.IMAGE_POLICY,
    kills=["M05-image", "M24-image-update"],
    source="catalogue B23; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "image automation resources are not allowed in tenant namespaces"; the spec is what it was',
    environments=[Environment.PRODUCTION],
)
def test_b23_image_automation_update(scenario: Scenario) -> None:
    """Give the namespace of an ImagePolicy to a tenant, and widen the ImagePolicy's range."""
    platform = scenario.platform
    policy, evil = scenario["ImagePolicy/b23-old"], {"spec": {"policy": {"semver": {"range": ">=0.0.0-0"}}}}
    # Allowed path first: before the namespace is a tenant's the same change goes through.
    given(scenario.patch(policy.ref, evil, as_tenant="", dry_run=True)).is_admitted()

    labels = {"metadata": {"labels": {platform.fleet.profile.tenant_label: "b23"}}}
    given(scenario.patch(scenario["Namespace/b23-late"].ref, labels, as_tenant="")).is_admitted()
    # Another policy shows when the API server has seen the label.
    source = scenario["GitRepository/b23-canary"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    scenario.until_enforced(
        lambda: source.submit(dry_run=True), lambda answer: not answer.admitted, what="the namespace is a tenant's"
    )

    answer = scenario.patch(policy.ref, evil, as_tenant="")
    expect(answer).is_refused(message=(scenario.denial("image_automation"), "not allowed in tenant namespaces"))
    wanted, stored = policy.manifest["spec"], pick(policy.live(), "spec", "policy", "semver", "range")
    said = wanted["policy"]["semver"]["range"]
    expect_that(stored == said, f"{policy.ref} was changed", wanted=said, observed=str(stored))
