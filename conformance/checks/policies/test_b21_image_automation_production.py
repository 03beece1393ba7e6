"""B21: a tenant of production cannot make objects that change versions by themselves.

What appears in a registry would be deployed without review: a new version comes into production by a commit.
"""

import pytest

from conformance.api import Control, Environment, Scenario, check, expect, given


@check(
    "B21",
    control=Control.IMAGE_POLICY,
    kills=["M05-image"],
    source="catalogue B21; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "image automation resources are not allowed in tenant namespaces"; the object is absent',
    environments=[Environment.PRODUCTION],
)
@pytest.mark.parametrize("kind", ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"])
def test_b21_image_automation_production(scenario: Scenario, kind: str) -> None:
    """Submit an object of image automation with a permitted image."""
    image = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    fields = {"spec.image": image} if kind == "ImageRepository" else {}
    # Allowed path first: where no tenant lives the same object is admitted.
    given(scenario["default", f"{kind}/b21-own"].with_fields(fields).submit()).is_admitted()

    answer = scenario[f"{kind}/b21-evil"].with_fields(fields).submit()
    expect(answer).is_refused(message=(scenario.denial("image_automation"), "not allowed in tenant namespaces"))
    expect(answer).leaves_no_trace(f"{kind}/b21-evil", namespace="shared-a")
