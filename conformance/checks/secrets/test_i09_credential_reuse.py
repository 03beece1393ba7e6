"""I09: source-controller does not fetch for one tenant with the credential that another has just used.

One process fetches for everybody, from the same server, within the same second. Neither a cached credential nor a
connection that is still open may stand in for the one that an object lacks.
"""

from http import HTTPStatus

from conformance.api import Control, Scenario, check, expect, expect_none, expect_that, given, given_that, pick


@check(
    "I09",
    control=Control.GIT_CREDENTIALS,
    kills=["M23-open-git", "M51-auth-reuse"],
    spec="https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference",
    source="catalogue I09; source-controller@v1.9.3/internal/controller/gitrepository_controller.go:1069",
    signal='Ready=False/GitOperationFailed "authentication required"; no artifact; the server saw no credential and '
    "answered 401",
)
def test_i09_credential_reuse(scenario: Scenario) -> None:
    """Let the victim fetch, then ask for the same repository without a credential."""
    victim, foreign = scenario["GitRepository/shared-b"], scenario["GitRepository/i09-foreign"]
    # Allowed path first: the victim's credential is good, and was used this moment. Public repositories need none.
    scenario.reconcile(victim.ref)
    given(victim).becomes_ready()
    given(scenario["GitRepository/i09-public"].submit()).is_admitted()
    given(scenario["GitRepository/i09-public"]).becomes_ready()
    fetched = [entry for entry in scenario.requests("/shared-b") if entry.user and entry.status == HTTPStatus.OK]
    given_that(fetched, "shared-b did not fetch its repository")

    given(foreign.submit()).is_admitted()
    expect(foreign).is_denied(reason="GitOperationFailed", message="authentication required")
    artifact = pick(foreign.live(), "status", "artifact", "revision")
    expect_that(not artifact, f"{foreign.ref} has an artifact", wanted="none", observed=str(artifact))
    refused = [entry for entry in scenario.requests("/shared-b.git/") if entry.status == HTTPStatus.UNAUTHORIZED]
    given_that(refused, "the git server answered no request for shared-b with 401")
    sent = [entry.authorization for entry in refused if entry.authorization]
    expect_none(scenario, sent, "a credential was sent", wanted="no Authorization")
