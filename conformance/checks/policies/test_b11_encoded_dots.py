"""B11: an address with encoded dot segments does not pass the allowlist.

Percent-encoding hides from a comparison of text what a server reads in the address.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B11",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B11, finding 7; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "spec.url must not contain"; the GitRepository is absent',
)
def test_b11_encoded_dots(scenario: Scenario) -> None:
    """Submit an address that begins like a permitted one and leads to the disallowed organisation."""
    url = f"{scenario.platform.git_url}/%2e%2e/evil/x"
    # Allowed path first: the plain address works for the tenant. And the server reads this one as the disallowed
    # organisation, as it does for the platform: the refusal is not that of a dead host.
    given(scenario["GitRepository/b11-own"]).becomes_ready()
    elsewhere = scenario["default", "GitRepository/b11-elsewhere"].with_fields({"spec.url": url})
    given(elsewhere.submit()).is_admitted()
    given(elsewhere).becomes_ready()

    answer = scenario["GitRepository/b11-evil"].with_fields({"spec.url": url}).submit()
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "spec.url must not contain"))
    expect(answer).leaves_no_trace("GitRepository/b11-evil", namespace="shared-a")
