"""G16: a symlink in a repository or an artifact does not carry a file of the controllers into a build.

source-controller leaves symlinks out of its artifacts, of what it clones and of what it unpacks. One that it followed
would pack its own files. A layer that a source hands on as it is still has them: kustomize-controller leaves them out
when it unpacks, or they would point at its own files.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, pick, ref_to

FOLDER = "attacks/g16"
SOURCES = {"git": "GitRepository", "layer": "OCIRepository", "copied": "OCIRepository"}
"""A repository, an artifact that source-controller unpacks, and one that it hands on."""


@check(
    "G16",
    level=Level.CORE,
    control=Control.SOURCE_ARCHIVE,
    kills=["M35-archive-symlinks", "M93-untar-symlinks", "M94-fetch-symlinks"],
    source="catalogue G16; pkg/artifact@v0.18.1 storage/archive.go:111; pkg/tar@v1.2.0 untar.go; "
    "pkg/http/fetch@v0.25.0 archive_fetcher.go",
    signal='Ready=False/BuildFailed "g16/symlink/passwd: no such file or directory"; the ConfigMaps are absent',
)
def test_symlink(scenario: Scenario) -> None:
    repository = scenario.repository("g16-a")
    repository.symlink(f"{FOLDER}/symlink/passwd", "/etc/passwd")
    repository.commit("Add a symlink out of the repository")
    scenario.push_with_links("g16-a", FOLDER, "g16-a")

    sync = scenario.platform.client.get(ref_to("GitRepository/g16-a", "g16-a"))
    credential = {"spec.secretRef.name": pick(sync, "spec", "secretRef", "name")}
    given(scenario["GitRepository/g16-git"].with_fields(credential).submit()).is_admitted()
    for name in ("layer", "copied"):
        given(scenario[f"OCIRepository/g16-{name}"].submit()).is_admitted()

    for name, kind in SOURCES.items():
        given(scenario[f"{kind}/g16-{name}"]).becomes_ready()
        given(scenario[f"Kustomization/g16-{name}-file"]).becomes_ready()
        expect(scenario[f"Kustomization/g16-{name}-symlink"]).is_denied(
            reason="BuildFailed", message=("loading KV pairs", "g16/symlink/passwd: no such file or directory")
        )
    for name in SOURCES:
        expect(scenario[f"Kustomization/g16-{name}-symlink"]).leaves_no_trace(
            f"ConfigMap/{name}-g16-loot", namespace="g16-a"
        )
