"""B03: a tenant cannot make a HelmRepository of type oci whose address is outside the allowlist.

The type has a scheme of its own. An allowlist that only knows https:// would let every registry through, or none.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B03",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B03; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the HelmRepository is absent',
)
def test_b03_helm_oci_url(scenario: Scenario) -> None:
    """Submit a HelmRepository of the disallowed organisation's registry path."""
    # Allowed path first. A HelmRepository of this type has no status: a chart from it shows that it works.
    given(scenario["HelmChart/b03-own"]).becomes_ready()

    # The address exists and anybody may fetch it, as B35 does: only the policy stands in the way.
    evil = f"{scenario.platform.evil_oci_url}/charts"
    answer = scenario["HelmRepository/b03-evil"].with_fields({"spec.url": evil}).submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("HelmRepository/b03-evil", namespace="shared-a")
