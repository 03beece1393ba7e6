"""The wheel holds everything that a run needs, and runs from where it was unpacked."""

import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conformance import catalog, catalog_page
from conformance.settings import PACKAGE_DIR, environment

ROOT = PACKAGE_DIR.parent
DATA = ("fleet-repo", "tenant-repo", "fixtures", "toolchain")
PARTS = (
    "pytest.ini",
    "__main__.py",
    "certificate/certificate.schema.json",
    "report/report.schema.json",
    "report/templates/",
    "checks/references/f01_foreign_git_source.yaml",
    "_data/fixtures/attacks/g10/",
    "_data/fixtures/audit/policy.yaml",
    "_data/fixtures/kwok/stages.yaml",
    "_data/fleet-repo/conformance.yaml",
    "_data/fleet-repo/clusters/production/flux-system/kustomization.yaml",
    "_data/tenant-repo/staging/",
    "_data/toolchain/flux-releases.yaml",
    "_data/toolchain/kubernetes/go.sum",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # In this environment: an isolated one would be filled from the network.
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_inside(wheel: Path, part: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.removeprefix("conformance/") for name in archive.namelist()]
    assert [name for name in names if name == part or (part.endswith("/") and name.startswith(part))] != []


@pytest.mark.parametrize("name", DATA)
def test_the_data_is_that_of_the_checkout(unpacked: Path, name: str) -> None:
    assert files_below(unpacked / "conformance" / "_data" / name) == files_below(ROOT / name)


def test_every_check_is_inside_with_its_scenario(unpacked: Path) -> None:
    for entry in catalog.listed():
        for path in (entry.module, entry.scenario):
            assert (unpacked / "conformance" / path.relative_to(PACKAGE_DIR)).read_bytes() == path.read_bytes()


def test_programs_stay_executable(wheel: Path) -> None:
    wanted = {f"conformance/_data/{path.relative_to(ROOT)}" for name in DATA for path in executables(ROOT / name)}
    with zipfile.ZipFile(wheel) as archive:
        found = {one.filename for one in archive.infolist() if (one.external_attr >> 16) & stat.S_IXUSR}
    assert wanted
    assert wanted <= found


def executables(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & stat.S_IXUSR]


def test_nothing_of_the_developers_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        stray = [name for name in archive.namelist() if "__pycache__" in name or "_cache/" in name]
    assert {top.partition("-")[0] for top in tops} == {"conformance", "flux_tenancy_conformance"}
    assert stray == []


def call(unpacked: Path, folder: Path, *words: str) -> str:
    argv = [sys.executable, "-m", "conformance", *words]
    env = {**environment(), "PYTHONPATH": str(unpacked), "FLUX_TENANCY_STATE": str(folder / "state")}
    ended = subprocess.run(argv, cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_it_lists_its_checks_from_where_it_was_unpacked(unpacked: Path, tmp_path: Path) -> None:
    assert call(unpacked, tmp_path, "list", "--format", "markdown") == catalog_page.markdown()


def test_its_plugin_collects_its_own_checks(unpacked: Path, tmp_path: Path) -> None:
    said = call(unpacked, tmp_path, "run", "-k", "F01", "--", "--collect-only")
    assert "checks/references/test_f01_foreign_git_source.py::test_foreign_git_source[staging]" in said
    # Checks of the checkout would be shown by a way up and out of the package.
    assert "../" not in said


def test_its_data_folders_are_its_own(unpacked: Path, tmp_path: Path) -> None:
    code = "from conformance.settings import data_dir; print(*(data_dir(n) for n in ('fixtures', 'toolchain')))"
    env = {**environment(), "PYTHONPATH": str(unpacked)}
    argv = [sys.executable, "-c", code]
    said = subprocess.run(argv, cwd=tmp_path, env=env, check=True, capture_output=True, text=True, timeout=60).stdout
    assert [Path(word).parent for word in said.split()] == [unpacked / "conformance" / "_data"] * 2
