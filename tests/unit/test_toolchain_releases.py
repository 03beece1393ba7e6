"""Which Flux releases can be certified, and what a job's matrix is made of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conformance import settings
from conformance.cli import app
from conformance.errors import InputError, ToolchainError
from conformance.toolchain import cache_key, known_releases, releases

DATA = settings.data_dir("toolchain")
RUNNER = CliRunner()


def call(*words: str) -> Any:
    return RUNNER.invoke(app, ["toolchain", "releases", *words])


def test_every_release_names_the_kubernetes_minors_that_it_goes_with() -> None:
    found = releases(DATA)
    assert [release.version for release in found] == known_releases(DATA)[::-1]
    for release in found:
        assert release.kubernetes
        assert all(re.fullmatch(r"1\.\d\d", minor) for minor in release.kubernetes)


def test_the_default_release_can_be_certified_on_the_kubernetes_of_the_embedded_control_plane() -> None:
    (default,) = releases(DATA, settings.Settings().flux_version)
    assert (default.missing, default.substituted) == ((), ())
    pinned = re.search(r"k8s\.io/kubernetes v(\d+\.\d+)", (DATA / "kubernetes" / "go.mod").read_text())
    assert pinned is not None
    assert default.kubernetes[0] == pinned.group(1)


def test_a_matrix_has_no_release_that_cannot_be_certified() -> None:
    pairs = json.loads(call("--json").output)
    assert {pair["flux"] for pair in pairs} == {release.version for release in releases(DATA) if not release.missing}
    assert pairs[0] == {"flux": "2.9.2", "kubernetes": "1.36"}
    assert json.loads(call("--json", "--newest", "--flux-version", "2.9.2").output) == pairs[:1]


def test_what_cannot_be_certified_says_why() -> None:
    assert "cannot be certified: no module serves notification-controller, image-" in call().output
    with pytest.raises(InputError, match=r"Flux 2\.9\.5 cannot be certified: it lacks notification-controller"):
        releases(DATA, "2.9.5")
    with pytest.raises(InputError, match=r"unknown Flux version '9\.9\.9'"):
        releases(DATA, "9.9.9")


def test_releases_are_ordered_by_number(tmp_path: Path) -> None:
    entry = {"kubernetes": ["1.9", "1.36", "1.10"], "parts": {}, "substitutions": []}
    (tmp_path / "flux-releases.yaml").write_text(yaml.safe_dump({"releases": {"2.9.0": entry, "2.10.0": entry}}))
    with pytest.raises(ToolchainError, match=r"cannot read .*tools\.yaml"):
        releases(tmp_path)
    (tmp_path / "tools.yaml").write_text("builds: []")
    assert [release.version for release in releases(tmp_path)] == ["2.10.0", "2.9.0"]
    assert releases(tmp_path)[0].kubernetes == ("1.36", "1.10", "1.9")


def test_a_cache_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    key = cache_key("2.9.2", tmp_path)
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert key == cache_key("2.9.2", tmp_path)
    assert key != cache_key("2.9.5", tmp_path)
    with pytest.raises(InputError, match="unknown Flux version"):
        cache_key("9.9.9", tmp_path)
