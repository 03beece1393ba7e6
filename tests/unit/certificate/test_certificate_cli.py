"""`flux-tenancy certify` and `verify`: what they run, what they refuse before anything is started, how they end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.certificates import FAILED, call, certified, entry, nothing, pair, release, surface

from conformance import certificate_cli, cli
from conformance.certificate import running
from conformance.certificate.folder import read_certificate
from conformance.certificate.surfaces import block
from conformance.columns import last
from conformance.errors import InputError, ProcessError, ToolchainError
from conformance.settings import PACKAGE_DIR, data_dir
from conformance.surface import Surface, Waiver, compare
from conformance.toolchain.releases import releases

pytestmark = pytest.mark.usefixtures("surfaces")
WAIVER = Waiver(reason="no tenant may set it", owner="platform", expires=date(2099, 1, 1))


@pytest.mark.parametrize(
    ("edit", "code", "word"), [(nothing, 0, "  yes (provisional):"), (FAILED, 1, "  no (provisional):")]
)
def test_the_answer_is_the_exit_code(tmp_path: Path, edit: Any, code: int, word: str) -> None:
    result = certified(tmp_path, edit)
    assert (result.exit_code, word in result.output) == (code, True), result.output
    assert f"certificate      {tmp_path / 'c'}" in result.output
    assert read_certificate(tmp_path / "c").exit_code == code


def test_without_a_release_s_own_data_the_answer_is_inconclusive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_version: str) -> Surface:
        raise ToolchainError("the manifests are not at hand")

    monkeypatch.setattr(certificate_cli, "surface_of", missing)
    result = certified(tmp_path)
    assert result.exit_code == 10
    assert "the surface of the releases was not compared" in result.output


def test_a_signed_certificate_is_verified_by_its_key(tmp_path: Path) -> None:
    assert call("certificate-key", tmp_path / "own").exit_code == 0
    assert certified(tmp_path, nothing, "--key", tmp_path / "own.key").exit_code == 0
    result = call("verify", tmp_path / "c", "--key", tmp_path / "own.pub")
    assert (result.exit_code, "its signature is right" in result.output) == (0, True), result.output


@pytest.mark.parametrize(("words", "code"), [((), 10), (("--unsigned",), 0)])
def test_a_signature_that_nobody_looked_at_is_no_success(tmp_path: Path, words: Sequence[str], code: int) -> None:
    certified(tmp_path)
    result = call("verify", tmp_path / "c", *words)
    assert (result.exit_code, "its signature was not looked at" in result.output) == (code, True), result.output


def test_an_edited_file_is_named_and_ends_with_1(tmp_path: Path) -> None:
    certified(tmp_path)
    (tmp_path / "c" / "certificate.md").write_text("yes")
    result = call("verify", tmp_path / "c", "--unsigned")
    assert result.exit_code == 1
    assert "WRONG  certificate.md: it was edited" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2.9.5", "--to", "2.9.5"), "--from and --to are both 2.9.5"),
        (("--from", "2.9.2", "--to", "2.9.5", "--before", "x"), "one report alone was given"),
        (("--from", "2.9.2", "--to", "2.9.5", "--key", "no.key"), "cannot read the public key"),
        (("--from", "2.9.2", "--to", "2.9.5", "--key", "no.pem"), "must end in .key"),
        (("--from", "2.9.2", "--to", "2.9.5", "--certificate", str(PACKAGE_DIR)), "is not empty"),
        (("--from", "2.9.5", "--to", "2.9.2"), "Flux 2.9.5 cannot be certified: it lacks notification-controller"),
        (("--from", "2.9.1", "--to", "2.9.5"), "unknown Flux version '2.9.1'"),
        (("--from", "2.9.2", "--to", "2.9.9"), "unknown Flux version '2.9.9'"),
        (("--from", "2.9.2", "--to", "2.9.9", "--provider", "kind"), "unknown Flux version '2.9.9'"),
        (("--provider", "existing"), "an existing cluster has one"),
        (("--provider", "moon"), "--provider 'moon' is not one of embedded, kind"),
        (("--provider", "embedded,kind"), "--provider 'embedded,kind' is not one of embedded, kind"),
        (("--bootstrap", "hands"), "--bootstrap 'hands' is not one of cli, operator"),
    ],
)
def test_bad_input_is_refused_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, words: Sequence[str], said: str
) -> None:
    monkeypatch.setattr(running, "run_in_foreground", lambda *_: pytest.fail("it was started"))
    result = call("certify", *words)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_the_newest_release_and_the_one_before_it_are_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = playing(monkeypatch, {})
    newest, before, *_ = [release.version for release in releases(data_dir("toolchain"))]
    assert call("certify", "--publish", tmp_path / "p").exit_code == 0
    assert [last(argv, "--flux-version") for argv in seen] == [before, newest]
    assert [path.name for path in (tmp_path / "p").iterdir()] == [f"{before}-{newest}"]


def test_without_a_release_before_it_there_is_no_pair() -> None:
    oldest = releases(data_dir("toolchain"))[-1].version
    assert f"no release before '{oldest}' is known that can be certified" in str(
        call("certify", "--to", oldest).exception
    )


def test_reports_of_other_releases_are_refused(tmp_path: Path) -> None:
    before, after = pair(tmp_path, {"F01": nothing})
    result = call("certify", "--from", "2.9.5", "--to", "2.9.2", "--before", before, "--after", after)
    assert "the reports are of Flux 2.9.2 and 2.9.5, not of 2.9.5 and 2.9.2" in str(result.exception)


Ending = int | Exception | Callable[[Path], int]


def playing(monkeypatch: pytest.MonkeyPatch, ends: dict[str, Ending]) -> list[list[str]]:
    seen: list[list[str]] = []

    def run(argv: Sequence[str], _came: list[int]) -> int:
        seen.append(list(argv))
        version = last(argv, "--flux-version")
        end = ends.get(version, 0)
        if isinstance(end, Exception):
            raise end
        if end in (0, 1):
            release(Path(last(argv, "--flux-report")), version, 1, {"F01": FAILED if end else nothing})
        return int(end)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "run_in_foreground", run)
    return seen


def test_both_releases_are_run_with_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = playing(monkeypatch, {})
    words = ("-e", "all", "-k", "F01", "--profile", "core", "--fleet", "f", "--", "--flux-timeout-factor=2")
    result = call("certify", "--from", "2.9.2", "--to", "2.9.5", "--certificate", tmp_path / "c", *words)
    assert result.exit_code == 0, result.output
    assert [last(argv, "--flux-version") for argv in seen] == ["2.9.2", "2.9.5"]
    # No Go module serves all of 2.9.5.
    assert [last(argv, "--flux-stand-in") for argv in seen] == ["", "2.9.2"]
    for argv in seen:
        given = argv[argv.index("run") + 1 :]
        assert given[:4] == ["--environment=all", "-k", "F01", "--"]
        wanted = {"--flux-provider=embedded", "--flux-bootstrap=cli", "--flux-profile=core", "--flux-fleet=f"}
        assert wanted | {"--flux-timeout-factor=2"} < set(given)


def test_on_kind_nothing_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind runs images, and refuses the option."""
    seen = playing(monkeypatch, {})
    words = ("--from", "2.9.2", "--to", "2.9.5", "--provider", "kind", "--certificate", tmp_path / "c")
    assert call("certify", *words).exit_code == 0
    assert [last(argv, "--flux-stand-in") for argv in seen] == ["", ""]


def test_the_surface_is_read_when_both_releases_have_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the answer would hang on what an earlier run had left in the cache."""
    seen = playing(monkeypatch, {})
    asked: list[tuple[str, int]] = []

    def read(version: str) -> Surface:
        asked.append((version, len(seen)))
        return surface(version)

    monkeypatch.setattr(certificate_cli, "surface_of", read)
    call("certify", "--from", "2.9.2", "--to", "2.9.5", "--certificate", tmp_path / "c")
    assert asked == [("2.9.2", 2), ("2.9.5", 2)]


@pytest.mark.parametrize("origins", [("manifest", "manifest"), ("manifest", "help"), ("help", "manifest")])
def test_flags_that_a_side_was_not_asked_for_are_no_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origins: tuple[str, str]
) -> None:
    read = dict(zip(("2.9.2", "2.9.5"), origins, strict=True))
    monkeypatch.setattr(
        certificate_cli, "surface_of", lambda version: replace(surface(version), flags_from={"a": read[version]})
    )
    result = certified(tmp_path)
    assert (result.exit_code, "the surface is incomparable: flags of a" in result.output) == (10, True), result.output


@pytest.mark.parametrize(
    ("ends", "code", "said", "started"),
    [
        ({"2.9.2": 4}, 4, "refused its input", 1),
        ({"2.9.2": 5}, 10, "ended with exit code 5 and is no certification", 1),
        ({"2.9.5": 3}, 10, "the run of Flux 2.9.5 ended with exit code 3", 2),
        ({"2.9.5": 10}, 10, "ended with exit code 10 and is no certification", 2),
        ({"2.9.2": ProcessError("'python' was killed by signal 9")}, 10, "killed by signal 9", 1),
    ],
)
def test_a_run_that_ends_badly_makes_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: dict[str, Ending], code: int, said: str, started: int
) -> None:
    seen = playing(monkeypatch, ends)
    result = call("certify", "--from", "2.9.2", "--to", "2.9.5", "--certificate", tmp_path / "c")
    assert said in str(result.exception)
    assert cli._code_of(result.exception) == code
    assert (len(seen), (tmp_path / "c").exists()) == (started, False)


def test_ctrl_c_makes_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = playing(monkeypatch, {"2.9.2": 2})
    result = call("certify", "--from", "2.9.2", "--to", "2.9.5", "--certificate", tmp_path / "c")
    assert (result.exit_code, len(seen), (tmp_path / "c").exists()) == (2, 1, False)


def test_a_finding_before_does_not_keep_the_release_after_from_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing(monkeypatch, {"2.9.2": 1})
    result = call("certify", "--from", "2.9.2", "--to", "2.9.5", "--certificate", tmp_path / "c")
    assert (result.exit_code, "1 stricter" in result.output) == (0, True), result.output


def test_a_release_that_the_data_lack_makes_the_answer_inconclusive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(version: str) -> Surface:
        raise InputError(f"the data have no Flux release '{version}'")

    monkeypatch.setattr(certificate_cli, "surface_of", unknown)
    result = certified(tmp_path)
    assert (result.exit_code, "the surface of the releases was not compared" in result.output) == (10, True)


def test_the_surface_is_told_entry_by_entry() -> None:
    one, two = entry("field K:spec.a", "F01", type="string"), entry("field K:spec.b", waiver=WAIVER)
    before = surface("2.9.2", one, entry("field K:spec.gone", "F02"))
    after = surface("2.9.5", replace(one, detail={"type": "object"}), two, entry("field K:spec.c"))
    found = block(compare(before, after))
    assert [(c.id, c.change) for c in found.changes] == [
        ("field K:spec.b", "new"),
        ("field K:spec.c", "new"),
        ("field K:spec.gone", "removed"),
        ("field K:spec.a", "changed"),
    ]
    assert found.changes[0].waiver == "no tenant may set it (platform, until 2099-01-01)"
    assert found.changes[3].detail == "type string before, type object after"
    assert (found.unmapped, found.before_entries, found.after_entries) == (("field K:spec.c",), 2, 3)
