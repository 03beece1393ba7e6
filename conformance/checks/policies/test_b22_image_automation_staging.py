"""B22: a tenant of staging can let versions change by themselves.

The same objects that production refuses (B21). A policy that refuses them everywhere would be noticed only when
somebody needs them.
"""

import pytest

from conformance.api import Control, Environment, Scenario, check, expect, expect_that, pick


@check(
    "B22",
    control=Control.POLICY_SCOPE,
    kills=["M28-guard-sources", "M20-binding"],
    source="catalogue B22; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal="the object is admitted, and stored",
    environments=[Environment.STAGING],
)
@pytest.mark.parametrize("kind", ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"])
def test_b22_image_automation_staging(scenario: Scenario, kind: str) -> None:
    """Submit an object of image automation with a permitted image."""
    image = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    own = scenario[f"{kind}/b22-own"]
    own = own.with_fields({"spec.image": image}) if kind == "ImageRepository" else own
    # The answer to a request that went through is the object as it is stored.
    stored = pick(expect(own.submit()).is_admitted(), "metadata", "name")
    expect_that(stored == own.ref.name, f"{own.ref} is not stored", wanted=own.ref.name, observed=str(stored))
