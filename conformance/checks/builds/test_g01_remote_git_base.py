"""G01: a build does not take a base from a remote Git repository.

The allowlist of sources looks at Flux sources only. A remote base in kustomization.yaml would bring in manifests from
anywhere. The fetch itself happens and is seen at the server (finding 4): what is fetched must not be built.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "G01",
    level=Level.CORE,
    control=Control.NO_REMOTE_BASES,
    kills=["M02", "M31-remote-components", "M69-insecure-directories"],
    source="catalogue G01, finding 4; pkg/kustomize@v1.35.3 filesys/fs_secure.go:173",
    signal='Ready=False/BuildFailed "fs-security-constraint abs", "is not in or below"; the ConfigMap is absent',
)
def test_remote_git_base(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g01-remote"]

    given(scenario["Kustomization/g01-local"]).becomes_ready()

    expect(remote).is_denied(reason="BuildFailed", message=("fs-security-constraint abs", "is not in or below"))
    expect(remote).leaves_no_trace("ConfigMap/g01-remote-base", namespace="shared-a")

    # Not a dead host: git did fetch the base, with the very address of the attack.
    fetched = [
        r for r in scenario.requests("/public.git/git-upload-pack") if r.user_agent.startswith("git/") and r.bytes
    ]
    given_that(fetched, "no fetch of the remote base was seen at the server")
