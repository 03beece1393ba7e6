"""B04: a tenant cannot make an OCIRepository whose address is outside the allowlist.

Manifests from a registry have no commit and no review. Whoever may push there could change what the tenant runs.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B04",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B04; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the OCIRepository is absent',
)
def test_b04_oci_url(scenario: Scenario) -> None:
    """Submit an OCIRepository of the disallowed organisation."""
    # Allowed path first: the same tenant, the same kind, below a permitted prefix.
    given(scenario["OCIRepository/b04-own"]).becomes_ready()

    # The address exists and anybody may fetch it, as B35 does: only the policy stands in the way.
    evil = f"{scenario.platform.evil_oci_url}/manifests/harmless"
    answer = scenario["OCIRepository/b04-evil"].with_fields({"spec.url": evil}).submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("OCIRepository/b04-evil", namespace="shared-a")
