"""I08: over SSH a repository is fetched with its own deploy key, and from the server that known_hosts names.

Tenants share one git server and one source-controller. A deploy key must open one repository only, and a server that
cannot show the expected host key must not be believed: it could serve a tenant anything.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, given, given_that, pick


@check(
    "I08",
    control=Control.GIT_CREDENTIALS,
    kills=["M23-open-git", "M52-ssh-any-host-key"],
    spec="https://fluxcd.io/flux/components/source/gitrepositories/#ssh-authentication",
    source="catalogue I08; fluxcd/pkg/git options.go:85",
    signal='Ready=False/GitOperationFailed "denied to this deploy key" of the server; "knownhosts: key mismatch"; '
    "Ready=False/AuthenticationFailed \"'known_hosts' is required\"; no artifacts",
)
def test_i08_git_ssh(scenario: Scenario) -> None:
    """Fetch by the right key, at another repository, and from servers that cannot be told."""
    ssh = scenario.platform.git.ssh
    organisation = f"{ssh.url}/{scenario.platform.git_url.rpartition('/')[2]}"
    key = ssh.deploy_key(f"{organisation.rpartition('/')[2]}/shared-a")
    identity = {"identity": key.identity, "identity.pub": key.public}
    hosts = {"own": ssh.known_hosts, "impostor": ssh.known_hosts_of_another()}
    for name, known in hosts.items():
        secret = scenario[f"Secret/i08-{name}"].with_fields({"stringData": {**identity, "known_hosts": known}})
        given(secret.submit()).is_admitted()
    given(scenario["Secret/i08-hostless"].with_fields({"stringData": identity}).submit()).is_admitted()

    own = scenario["GitRepository/i08-own"].with_fields({"spec.url": f"{organisation}/shared-a.git"})
    foreign = scenario["GitRepository/i08-foreign"].with_fields({"spec.url": f"{organisation}/shared-b.git"})
    impostor = scenario["GitRepository/i08-impostor"].with_fields({"spec.url": f"{organisation}/shared-a.git"})
    hostless = scenario["GitRepository/i08-hostless"].with_fields({"spec.url": f"{organisation}/shared-a.git"})
    for subject in (own, foreign, impostor, hostless):
        given(subject.submit()).is_admitted()
    # Allowed path first: the server answers to the key, and the victim's repository is there.
    given(own).becomes_ready()
    given(scenario["GitRepository/shared-b"]).becomes_ready()

    expect(foreign).is_denied(reason="GitOperationFailed", message="denied to this deploy key")
    expect(impostor).is_denied(reason="GitOperationFailed", message="knownhosts: key mismatch")
    expect(hostless).is_denied(reason="AuthenticationFailed", message="'known_hosts' is required")
    for denied in (foreign, impostor, hostless):
        artifact = pick(denied.live(), "status", "artifact", "revision")
        expect_that(not artifact, f"{denied.ref} has an artifact", wanted="none", observed=str(artifact))
    # The server refused; it was not merely out of reach.
    refused = [entry for entry in scenario.requests("/shared-b.git") if (entry.method, entry.status) == ("SSH", 403)]
    given_that(refused, "the SSH server refused no request for shared-b")
