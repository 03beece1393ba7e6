"""B06: a tenant of staging can make an ImageRepository of an image that the allowlist permits.

Prefixes have a scheme and images have none. A policy that forgets this refuses every image, and is then taken away as
a whole.
"""

from conformance.api import Control, Environment, Scenario, check, expect, expect_that, pick


# Production has a policy of its own against every ImageRepository (B21).
@check(
    "B06",
    control=Control.SOURCE_POLICY,
    kills=["M27-bare-image", "M28-sources", "M28-guard-sources", "M20-binding"],
    source="catalogue B06; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal="the ImageRepository is admitted, and stored with the permitted image",
    environments=[Environment.STAGING],
)
def test_b06_image_allowed(scenario: Scenario) -> None:
    """Submit an ImageRepository below a permitted prefix."""
    image = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    own = scenario["ImageRepository/b06-own"].with_fields({"spec.image": image})
    # The answer to a request that went through is the object as it is stored.
    stored = pick(expect(own.submit()).is_admitted(), "spec", "image")
    expect_that(stored == image, f"{own.ref} is not stored", wanted=image, observed=str(stored))
