"""B13: a tenant's source cannot fetch submodules.

The addresses in a repository's .gitmodules are not part of the object that the allowlist is compared with.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "B13",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B13, finding 7; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "spec.recurseSubmodules is not allowed"; the GitRepository is absent',
)
def test_b13_submodules(scenario: Scenario) -> None:
    """Submit a permitted repository with its submodule, which lies in the disallowed organisation."""
    # Allowed path first: without its submodule the repository is permitted. And the submodule is alive: where no tenant
    # lives it is fetched.
    given(scenario["GitRepository/b13-own"]).becomes_ready()
    given(scenario["default", "GitRepository/b13-elsewhere"]).becomes_ready()
    given_that(scenario.requests("evil/b13-canary"), "the submodule was not fetched")

    answer = scenario["GitRepository/b13-evil"].submit()
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "spec.recurseSubmodules is not allowed"))
    expect(answer).leaves_no_trace("GitRepository/b13-evil", namespace="shared-a")
