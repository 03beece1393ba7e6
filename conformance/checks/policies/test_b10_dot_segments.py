"""B10: an address with dot segments does not pass the allowlist.

The list is compared with the address as it is written; a server may read the same address as a path outside of the
permitted prefix.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B10",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B10, finding 7; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "spec.url must not contain"; the GitRepository is absent',
)
def test_b10_dot_segments(scenario: Scenario) -> None:
    """Submit an address that begins like a permitted one and leads to the disallowed organisation."""
    url = f"{scenario.platform.git_url}/../evil/x"
    # Allowed path first: the plain address works for the tenant. And the server reads this one as the disallowed
    # organisation, as it does for the platform: the refusal is not that of a dead host.
    given(scenario["GitRepository/b10-own"]).becomes_ready()
    elsewhere = scenario["default", "GitRepository/b10-elsewhere"].with_fields({"spec.url": url})
    given(elsewhere.submit()).is_admitted()
    given(elsewhere).becomes_ready()

    answer = scenario["GitRepository/b10-evil"].with_fields({"spec.url": url}).submit()
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "spec.url must not contain"))
    expect(answer).leaves_no_trace("GitRepository/b10-evil", namespace="shared-a")
