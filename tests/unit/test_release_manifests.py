"""The manifests of Flux's releases: where they are taken from, and that nothing unchecked is kept."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import InputError, ProcessError, ToolchainError
from conformance.settings import data_dir
from conformance.toolchain import clean, release_data
from conformance.toolchain.cache import Cache
from conformance.toolchain.recipes import data_of, load

MODULE = "github.com/controlplaneio-fluxcd/flux-operator"
BUILD = load("2.9.2", data_dir("toolchain")).build_of("flux-operator")
PINNED = next(
    line.split()[2]
    for line in (BUILD.folder / "go.sum").read_text().splitlines()
    if line.startswith(f"{MODULE} {BUILD.version} ")
)


class FakeGo:
    """Serves the module's zip, with some data in it, and says that it has this checksum."""

    def __init__(self, folder: Path, checksum: str = PINNED, failure: str = "") -> None:
        self.folder, self.checksum, self.failure = folder, checksum, failure
        self.asked: list[Sequence[Any]] = []

    def module_cache(self) -> Path:
        return self.folder

    def run(self, arguments: Sequence[Any], *, cwd: Path) -> str:
        self.asked.append(arguments)
        assert (cwd / "go.sum").read_bytes() == (BUILD.folder / "go.sum").read_bytes()
        if self.failure:
            raise ProcessError(self.failure)
        target = self.folder / "cache" / "download" / MODULE / "@v"
        target.mkdir(parents=True)
        (target / f"{BUILD.version}.ziphash").write_text(self.checksum)
        with zipfile.ZipFile(target / f"{BUILD.version}.zip", "w") as bundle:
            for release in ("v2.9.5", "v2.10.0"):
                bundle.writestr(f"{MODULE}@{BUILD.version}/config/data/flux/{release}/rbac.yaml", f"# {release}\n")
            bundle.writestr(f"{MODULE}@{BUILD.version}/main.go", "package main\n")
        return ""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    fake = FakeGo(tmp_path / "mod")
    monkeypatch.setattr("conformance.toolchain.release_manifests.find_go", lambda *_: fake)
    return fake


def test_they_are_fetched_once_and_kept(tmp_path: Path, go: FakeGo) -> None:
    cache, told = tmp_path / "cache", list[str]()
    data = release_data(cache, told.append)
    assert (data.module, data.version, data.versions) == (MODULE, BUILD.version, ["2.9.5", "2.10.0"])
    assert data.manifests("2.9.5") == {"rbac.yaml": "# v2.9.5\n"}
    assert go.asked == [["mod", "download", f"{MODULE}@{BUILD.version}"]]
    assert told[0].startswith(f"fetching {MODULE}")
    assert release_data(cache, told.append) == data
    assert len(go.asked) == 1
    assert not (cache / "tmp").exists()


def test_what_is_not_what_the_repository_pins_is_not_kept(tmp_path: Path, go: FakeGo) -> None:
    go.checksum = "h1:other"
    with pytest.raises(ToolchainError, match="checksum mismatch"):
        release_data(tmp_path / "cache", print)
    assert not (tmp_path / "cache" / "data").exists()


def test_a_module_that_is_not_served_is_a_breakdown_with_the_next_step(tmp_path: Path, go: FakeGo) -> None:
    go.failure = "module lookup disabled by GOPROXY=off"
    with pytest.raises(ToolchainError, match=r"not in the cache, and cannot be fetched: .*GOPROXY=off") as refused:
        release_data(tmp_path / "cache", print)
    assert "module proxy" in refused.value.hint


def test_a_cache_that_cannot_be_written_is_bad_input(tmp_path: Path, go: FakeGo) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match="not writable"):
        release_data(tmp_path / "cache", print)
    assert go.asked == []


def test_data_beside_a_cached_operator_are_taken_and_nothing_is_fetched(
    tmp_path: Path, go: FakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "flux-operator"
    folder = data_of(binary) / "config" / "data" / "flux"
    (folder / "v2.9.5").mkdir(parents=True)
    monkeypatch.setattr(Cache, "find", lambda *_: type("Entry", (), {"binary": binary}))
    assert release_data(tmp_path / "cache", print).folder == folder
    assert go.asked == []


def test_a_release_that_the_data_lack_is_refused_with_those_that_are_there(tmp_path: Path, go: FakeGo) -> None:
    data = release_data(tmp_path / "cache", print)
    with pytest.raises(InputError, match=r"no Flux release '2\.9\.9'") as refused:
        data.manifests("2.9.9")
    assert "2.9.5, 2.10.0" in refused.value.hint


def test_cleaning_the_cache_takes_them_away_unless_what_was_made_is_kept(tmp_path: Path, go: FakeGo) -> None:
    lines: list[str] = []
    data = release_data(tmp_path / "cache", print)
    clean(tmp_path / "cache", lines.append, keep_binaries=True)
    assert data.folder.is_dir()
    clean(tmp_path / "cache", lambda line: lines.append(f"{line} {data.folder.exists()}"))
    assert not data.folder.exists()
    said = (f"removing what builds left in {tmp_path / 'cache'}", f"removing everything from {tmp_path / 'cache'}")
    assert lines == [said[0], f"{said[0]}: done after 0 s", f"{said[1]} True", f"{said[1]}: done after 0 s False"]
