"""B05: a tenant cannot make an ImageRepository whose image is outside the allowlist.

The field has no scheme, so a policy that compares it as it is either admits nothing or was never meant for it. What is
scanned decides which version the tenant's automation writes into Git.
"""

from conformance.api import Control, Environment, Scenario, check, expect, given


# In production a policy of its own refuses every ImageRepository, and could answer in this one's place.
@check(
    "B05",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B05, B06; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "oci://... is not allowed"; the ImageRepository is absent',
    environments=[Environment.STAGING],
)
def test_b05_image_repository(scenario: Scenario) -> None:
    """Submit an ImageRepository of the disallowed organisation."""
    own = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    evil = f"{scenario.platform.evil_oci_url.removeprefix('oci://')}/manifests/harmless"

    # Allowed path first: the same tenant, the same kind, below a permitted prefix.
    given(scenario["ImageRepository/b05-own"].with_fields({"spec.image": own}).submit()).is_admitted()

    answer = scenario["ImageRepository/b05-evil"].with_fields({"spec.image": evil}).submit()
    # The scheme that the policy adds makes the image comparable with the prefixes.
    expect(answer).is_refused(message=(scenario.denial("sources"), f'"oci://{evil}" is not allowed'))
    expect(answer).leaves_no_trace("ImageRepository/b05-evil", namespace="shared-a")
