"""Manifests encrypted by the real sops, opened by the keys that they are for."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conformance.artifacts.sealed import AgeKey, make_age_key, seal
from conformance.errors import ServerError
from conformance.process import run
from conformance.settings import environment

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"value": "plain text"}}


def _open(sops: Path, text: str, key: AgeKey, folder: Path) -> str:
    sealed = folder / "sealed.yaml"
    sealed.write_text(text)
    env = {"HOME": str(folder), "PATH": environment()["PATH"], "SOPS_AGE_KEY": key.identity}
    return run([sops, "decrypt", sealed], timeout_s=60, env=env).stdout


def test_only_values_are_hidden(binary: Callable[[str], Path], tmp_path: Path) -> None:
    text = seal(binary("sops"), SECRET, [make_age_key()], home=tmp_path / "home")
    document = yaml.safe_load(text)
    assert document["metadata"] == {"name": "x"}
    assert "plain text" not in text


def test_any_of_the_keys_opens_it(binary: Callable[[str], Path], tmp_path: Path) -> None:
    keys = [make_age_key(), make_age_key()]
    text = seal(binary("sops"), SECRET, keys, home=tmp_path / "home")
    for key in keys:
        assert yaml.safe_load(_open(binary("sops"), text, key, tmp_path)) == SECRET


def test_another_key_does_not(binary: Callable[[str], Path], tmp_path: Path) -> None:
    text = seal(binary("sops"), SECRET, [make_age_key()], home=tmp_path / "home")
    with pytest.raises(Exception, match="exit code"):
        _open(binary("sops"), text, make_age_key(), tmp_path)


def test_a_refusal_says_what_sops_said(binary: Callable[[str], Path], tmp_path: Path) -> None:
    broken = AgeKey(recipient="age1nonsense", identity="")
    with pytest.raises(ServerError, match="sops cannot encrypt"):
        seal(binary("sops"), SECRET, [broken], home=tmp_path / "home")
