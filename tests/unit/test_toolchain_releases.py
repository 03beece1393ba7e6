"""Which Flux releases can be certified, and what a job's matrix is made of."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conformance import settings
from conformance.cli import app
from conformance.errors import InputError, ToolchainError
from conformance.toolchain import cache_key, known_releases, pair_of, releases, upgrades_since

DATA = settings.data_dir("toolchain")
RUNNER = CliRunner()


def call(*words: str) -> Any:
    return RUNNER.invoke(app, ["toolchain", "releases", *words])


def upgrades(*words: object) -> Any:
    return json.loads(RUNNER.invoke(app, ["toolchain", "upgrades", *map(str, words)]).stdout)


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


def test_on_kind_a_release_needs_no_module_of_its_controllers(tmp_path: Path) -> None:
    """They are images there; the CLI, which bootstraps and writes tenants, is built all the same."""
    pairs = json.loads(call("--json", "--provider", "kind").output)
    assert [pair["flux"] for pair in pairs] == [r.version for r in releases(DATA) for _ in r.kubernetes]
    assert {"flux": "2.9.5", "kubernetes": "1.36"} in pairs
    assert "cannot be certified" not in call("--provider", "kind").output
    (named,) = releases(DATA, "2.9.5", images=True)
    # What stands in within source-controller's build is not in the image.
    assert (named.missing, named.substituted) == ((), ())
    entry = {"kubernetes": ["1.36"], "parts": {"source-controller": "v1"}, "substitutions": []}
    builds = [{"name": name, "per_release": True} for name in ("flux", "source-controller", "helm-controller")]
    (tmp_path / "flux-releases.yaml").write_text(yaml.safe_dump({"releases": {"2.9.0": entry}}))
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump({"builds": builds}))
    with pytest.raises(InputError, match="cannot be certified: it lacks flux\n"):
        releases(tmp_path, "2.9.0", images=True)


def test_a_provider_that_is_unknown_is_refused() -> None:
    assert "--provider 'existing' is unknown" in str(call("--json", "--provider", "existing").exception)


def test_the_pair_of_an_upgrade_is_the_newest_release_and_the_last_whole_one_before() -> None:
    assert upgrades() == [{"from": "2.9.2", "to": "2.9.5"}]
    assert pair_of(DATA, target="2.9.5") == pair_of(DATA, "2.9.2") == ("2.9.2", "2.9.5")
    with pytest.raises(InputError, match=r"no release before '2\.9\.2' is known that can be certified"):
        pair_of(DATA, target="2.9.2")


def test_a_release_that_lacks_something_is_skipped_and_may_be_named(tmp_path: Path) -> None:
    whole = {"kubernetes": ["1.36"], "parts": {"flux": "v1", "notification-controller": "v1"}, "substitutions": []}
    half = {**whole, "parts": {"flux": "v1"}}
    known = {"2.9.7": half, "2.9.6": half, "2.9.4": whole, "2.9.2": whole}
    builds = [{"name": name, "per_release": True} for name in ("flux", "notification-controller")]
    (tmp_path / "flux-releases.yaml").write_text(yaml.safe_dump({"releases": known}))
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump({"builds": builds}))
    assert pair_of(tmp_path) == ("2.9.4", "2.9.7")
    assert pair_of(tmp_path, "2.9.6") == ("2.9.6", "2.9.7")


def test_the_upgrades_of_a_push_are_those_to_the_releases_that_it_added(tmp_path: Path) -> None:
    """Not that to the newest: a push may add an older one, or several."""
    whole = {"kubernetes": ["1.36"], "parts": {"flux": "v1", "notification-controller": "v1"}, "substitutions": []}
    half = {**whole, "parts": {"flux": "v1"}}
    known = {"2.10.0": half, "2.9.7": whole, "2.9.6": half, "2.9.4": whole, "2.9.2": whole}
    builds = [{"name": name, "per_release": True} for name in ("flux", "notification-controller")]
    (tmp_path / "flux-releases.yaml").write_text(yaml.safe_dump({"releases": known}))
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump({"builds": builds}))

    def since(*earlier: str) -> tuple[list[tuple[str, str]], list[str]]:
        (tmp_path / "earlier.yaml").write_text(yaml.safe_dump({"releases": dict.fromkeys(earlier, half)}))
        return upgrades_since(tmp_path, tmp_path / "earlier.yaml")

    assert since("2.9.2", "2.9.4", "2.9.7", "2.10.0") == ([("2.9.4", "2.9.6")], [])
    # What lacks a part is no release to begin with: 2.9.6 is skipped.
    assert since("2.9.2", "2.9.4") == ([("2.9.4", "2.9.6"), ("2.9.4", "2.9.7"), ("2.9.7", "2.10.0")], [])
    # A release whose entry was edited is not new, and one that was taken away is none.
    assert since(*known, "2.9.1") == ([], [])
    assert since("2.9.4", "2.9.6", "2.9.7", "2.10.0") == ([], ["2.9.2"])


def test_upgrades_are_told_as_a_matrix(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.yaml"
    earlier.write_text('releases: {"2.9.2": {}}')
    assert upgrades("--since", earlier) == [{"from": "2.9.2", "to": "2.9.5"}]
    earlier.write_text('releases: {"2.9.2": {}, "2.9.5": {}}')
    assert upgrades("--since", earlier) == []
    earlier.write_text('releases: {"2.9.5": {}}')
    ended = RUNNER.invoke(app, ["toolchain", "upgrades", "--since", str(earlier)])
    assert (json.loads(ended.stdout), "Flux 2.9.2 is new, and no release before it" in ended.stderr) == ([], True)
    assert upgrades("--to", "2.9.5") == upgrades("--from", "2.9.2") == [{"from": "2.9.2", "to": "2.9.5"}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2.9.5"), "--from and --to are both 2.9.5"),
        (("--to", "2.9.9"), "unknown Flux version '2.9.9'"),
        (("--from", "2.9.1"), "unknown Flux version '2.9.1'"),
        (("--to", "2.9.2"), "no release before '2.9.2' is known that can be certified"),
        (("--since", "x", "--to", "2.9.5"), "--since and --from, --to exclude each other"),
        (("--since", "no-such-file"), "cannot read 'no-such-file'"),
    ],
)
def test_upgrades_that_cannot_be_named_are_refused(words: tuple[str, ...], said: str) -> None:
    ended = RUNNER.invoke(app, ["toolchain", "upgrades", *words])
    assert isinstance(ended.exception, InputError)
    assert said in str(ended.exception)


@pytest.mark.parametrize("text", ["", "releases", "releases: [2.9.2]", "a: {", "\x00", "releases:"])
def test_an_earlier_file_that_lists_no_releases_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "earlier.yaml").write_text(text)
    with pytest.raises(InputError, match=r"is no YAML|lists no releases"):
        upgrades_since(DATA, tmp_path / "earlier.yaml")


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


@pytest.mark.parametrize("place", ["etcd/go.sum", "kind/go.sum", "flux-operator/go.mod", "faults/kustomize-controller"])
def test_the_key_changes_with_whatever_may_be_kept_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    data = tmp_path / "toolchain"
    shutil.copytree(settings.data_dir("toolchain"), data)
    monkeypatch.setattr(settings, "data_dir", lambda _: data)
    before = cache_key("2.9.2", tmp_path / "cache")
    file = next(path for path in (data / place, *sorted(data.glob(f"{place}/*.go"))) if path.is_file())
    with file.open("a") as text:
        text.write("// changed\n")
    assert cache_key("2.9.2", tmp_path / "cache") != before
