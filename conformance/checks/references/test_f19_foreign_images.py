"""F19: a tenant's ImagePolicy cannot read another tenant's ImageRepository, even one that lets it in.

What is scanned with the victim's registry credential would tell the attacker which images and versions the victim has.
Under the lockdown the victim cannot open that door either.
"""

from conformance.api import Control, Environment, Scenario, check, eventually, expect, expect_that, given, pick

DENIED = "cannot access 'ImageRepository/shared-b/f19-images', cross-namespace references have been blocked"


# In production a policy refuses image automation altogether.
@check(
    "F19",
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-image-reflector"],
    source="catalogue F19; image-reflector-controller@v1.2.3 internal/controller/imagepolicy_controller.go:497",
    signal='Ready=False/AccessDenied "cross-namespace references have been blocked"; status.latestRef is absent',
    environments=[Environment.STAGING],
)
def test_foreign_images(scenario: Scenario) -> None:
    image = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    foreign = scenario["ImagePolicy/f19-foreign"]

    # Both are scanned, and the tenant's own policy finds its image.
    for namespace in ("shared-a", "shared-b"):
        images = scenario[namespace, "ImageRepository/f19-images"].with_fields({"spec.image": image})
        given(images.submit()).is_admitted()
        given(images).becomes_ready()
    for policy in (scenario["ImagePolicy/f19-own"], foreign):
        given(policy.submit()).is_admitted()
    given(scenario["ImagePolicy/f19-own"]).becomes_ready()

    denied = expect(foreign).is_denied(reason="AccessDenied", message=DENIED)
    eventually(
        lambda: scenario.events_about(foreign.ref, DENIED),
        bool,
        timeout_s=scenario.platform.timeouts.reconciled,
        what="an event tells of the denial",
        interval_s=0.5,
    )
    latest = pick(denied, "status", "latestRef")
    expect_that(latest is None, f"{foreign.ref} chose an image", wanted="no latestRef", observed=str(latest))
