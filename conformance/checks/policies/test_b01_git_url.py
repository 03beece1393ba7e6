"""B01: a tenant cannot make a GitRepository whose address is outside the allowlist.

A source from anywhere is code that nobody of the platform has looked at, applied with the tenant's rights, and a way
to make source-controller send requests to hosts of the tenant's choice.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B01",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B01; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the GitRepository is absent',
)
def test_b01_git_url(scenario: Scenario) -> None:
    """Submit a GitRepository of the disallowed organisation."""
    # Allowed path first: the same tenant, the same kind, below a permitted prefix.
    given(scenario["GitRepository/b01-own"]).becomes_ready()

    # The address exists and anybody may fetch it, as B35 does: only the policy stands in the way.
    evil = f"{scenario.platform.evil_git_url}/x"
    answer = scenario["GitRepository/b01-evil"].with_fields({"spec.url": evil}).submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("GitRepository/b01-evil", namespace="shared-a")
