"""G04: a build does not take a base from a remote Git repository, in a base of the repository either.

Each base is loaded with the file system of the one above it. What G01 says must hold however deep the address lies.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "G04",
    level=Level.CORE,
    control=Control.NO_REMOTE_BASES,
    kills=["M02", "M31-remote-components", "M69-insecure-directories"],
    source="catalogue G04, finding 4; pkg/kustomize@v1.35.3 filesys/fs_secure.go:173",
    signal='Ready=False/BuildFailed "fs-security-constraint abs", "is not in or below"; the ConfigMap is absent',
)
def test_nested_git_base(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g04-outer-remote"]

    given(scenario["Kustomization/g04-outer-local"]).becomes_ready()

    expect(remote).is_denied(reason="BuildFailed", message=("fs-security-constraint abs", "is not in or below"))
    expect(remote).leaves_no_trace("ConfigMap/g04-remote-base", namespace="shared-a")

    # Not a dead host: git did fetch the base, with the very address of the attack.
    fetched = [r for r in scenario.requests("/g04.git/git-upload-pack") if r.user_agent.startswith("git/") and r.bytes]
    given_that(fetched, "no fetch of the remote base was seen at the server")
