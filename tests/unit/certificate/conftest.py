"""What the tests of certificates share: one that was made, a copy to spoil, and surfaces without data."""

import shutil
from pathlib import Path

import pytest
from support.certificates import given_pair, nothing, surface

from conformance import certificate_cli
from conformance.certificate.folder import write_certificate
from conformance.certificate.signing import new_key


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a signed certificate, `certificate`, and its keys."""
    root = tmp_path_factory.mktemp("made")
    private, _ = new_key(root / "own")
    write_certificate(root / "certificate", given_pair(root, {"F01": nothing, "B01": nothing}), "# Catalog\n", private)
    return root


@pytest.fixture
def certificate(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may spoil."""
    return Path(shutil.copytree(made / "certificate", tmp_path / "certificate"))


@pytest.fixture
def surfaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(certificate_cli, "surface_of", surface)
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
