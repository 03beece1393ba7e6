"""G05: a build does not take a component from a remote Git repository.

components in kustomization.yaml are loaded by another way than resources; the guard must stand in both.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "G05",
    level=Level.CORE,
    control=Control.NO_REMOTE_BASES,
    kills=["M02", "M31-remote-components", "M69-insecure-directories"],
    source="catalogue G05; kustomize/api@v0.21.1 internal/target/kusttarget.go, accumulateComponents",
    signal='Ready=False/BuildFailed "accumulating components ... fs-security-constraint abs"; the ConfigMap is absent',
)
def test_remote_component(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g05-remote"]

    given(scenario["Kustomization/g05-local"]).becomes_ready()

    expect(remote).is_denied(
        reason="BuildFailed", message=("accumulating components", "fs-security-constraint abs", "is not in or below")
    )
    expect(remote).leaves_no_trace("ConfigMap/g05-remote-component", namespace="shared-a")

    # Not a dead host: git did fetch the component, with the very address of the attack.
    fetched = [r for r in scenario.requests("/x.git/git-upload-pack") if r.user_agent.startswith("git/") and r.bytes]
    given_that(fetched, "no fetch of the component was seen at the server")
