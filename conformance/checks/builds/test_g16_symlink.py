"""G16: a symlink in a repository does not carry a file of the controllers into a build.

source-controller leaves symlinks out of its artifacts. One that it followed would pack its own files; one that it kept
would point at those of kustomize-controller.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, pick, ref_to


@check(
    "G16",
    level=Level.CORE,
    control=Control.SOURCE_ARCHIVE,
    kills=["M35-archive-symlinks"],
    source="catalogue G16; pkg/artifact@v0.18.1 storage/archive.go:111",
    signal='Ready=False/BuildFailed "g16/symlink/passwd: no such file or directory"; the ConfigMap is absent',
)
def test_symlink(scenario: Scenario) -> None:
    source, symlink = scenario["GitRepository/g16-source"], scenario["Kustomization/g16-symlink"]

    repository = scenario.repository("g16-a")
    repository.symlink("attacks/g16/symlink/passwd", "/etc/passwd")
    repository.commit("Add a symlink out of the repository")

    sync = scenario.platform.client.get(ref_to("GitRepository/g16-a", "g16-a"))
    credential = {"spec.secretRef.name": pick(sync, "spec", "secretRef", "name")}
    given(source.with_fields(credential).submit()).is_admitted()
    given(source).becomes_ready()
    given(scenario["Kustomization/g16-file"]).becomes_ready()

    expect(symlink).is_denied(
        reason="BuildFailed", message=("loading KV pairs", "g16/symlink/passwd: no such file or directory")
    )
    expect(symlink).leaves_no_trace("ConfigMap/g16-loot", namespace="g16-a")
