"""B02: a tenant cannot make a HelmRepository whose address is outside the allowlist.

Charts are programs: templates of an unknown publisher would run in the tenant's release, and could look up whatever
the tenant's account may read.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B02",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B02; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the HelmRepository is absent',
)
def test_b02_helm_http_url(scenario: Scenario) -> None:
    """Submit a HelmRepository of the disallowed organisation."""
    # Allowed path first: the same tenant, the same kind, below a permitted prefix.
    given(scenario["HelmRepository/b02-own"]).becomes_ready()

    # The address exists and anybody may fetch it, as B35 does: only the policy stands in the way.
    evil = f"{scenario.platform.evil_git_url}/charts"
    answer = scenario["HelmRepository/b02-evil"].with_fields({"spec.url": evil}).submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("HelmRepository/b02-evil", namespace="shared-a")
