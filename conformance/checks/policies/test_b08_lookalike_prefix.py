"""B08: the allowlist does not admit an organisation whose name only begins with a permitted one's.

Prefixes are compared as text. Without a slash at its end `https://host/example` also permits
`https://host/exampledevil`, a name that anybody may register.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B08",
    control=Control.ALLOWLIST,
    kills=["M05-sources", "M06-slash", "M06-wide"],
    source="catalogue B08; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-sources ... denied request", "is not allowed"; the GitRepository is absent',
)
def test_b08_lookalike_prefix(scenario: Scenario) -> None:
    """Submit a GitRepository of the look-alike organisation, which exists."""
    # Allowed path first: the organisation that the name is copied from.
    given(scenario["GitRepository/b08-own"]).becomes_ready()

    answer = scenario["GitRepository/b08-evil"].submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("GitRepository/b08-evil", namespace="shared-a")
