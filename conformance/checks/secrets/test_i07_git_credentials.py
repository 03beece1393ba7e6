"""I07: a private repository is fetched with the tenant's own credential, and with no other.

Tenants share one git server and one source-controller. Without a credential, or with another tenant's, there must be
no artifact.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, given, given_that, pick


@check(
    "I07",
    control=Control.GIT_CREDENTIALS,
    kills=["M23-open-git", "M51-auth-reuse"],
    spec="https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference",
    source="catalogue I07; source-controller@v1.9.3/internal/controller/gitrepository_controller.go:1069, "
    "go-git@v5.19.1/plumbing/transport/http/common.go:584",
    signal='Ready=False/GitOperationFailed "authentication required" and "authorization failed"; '
    "the server answers 401 and 403",
)
def test_i07_git_credentials(scenario: Scenario) -> None:
    """Fetch the tenant's repository with its credential and without, and the victim's with the attacker's."""
    # The Secret's name is the fleet's to choose.
    source = scenario.existing("GitRepository/shared-a", "shared-a").live()
    secret = {"spec.secretRef.name": pick(source, "spec", "secretRef", "name")}
    own = scenario["GitRepository/i07-own"].with_fields(secret)
    anonymous = scenario["GitRepository/i07-anonymous"]
    foreign = scenario["GitRepository/i07-foreign"].with_fields(secret)
    for subject in (own, anonymous, foreign):
        given(subject.submit()).is_admitted()
    # Allowed path first: the server answers to the credential, and the victim's repository is there.
    given(own).becomes_ready()
    given(scenario["GitRepository/shared-b"]).becomes_ready()

    expect(anonymous).is_denied(reason="GitOperationFailed", message="authentication required")
    expect(foreign).is_denied(reason="GitOperationFailed", message="authorization failed")
    for denied in (anonymous, foreign):
        artifact = pick(denied.live(), "status", "artifact", "revision")
        expect_that(not artifact, f"{denied.ref} has an artifact", wanted="none", observed=str(artifact))
    # The server refused; it was not merely out of reach.
    for repository, status in (("/shared-a/", 401), ("/shared-b/", 403)):
        refused = [entry for entry in scenario.requests(repository) if entry.status == status]
        given_that(refused, f"the git server answered no request for {repository} with {status}")
