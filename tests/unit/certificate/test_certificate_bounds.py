"""What a certificate is never made of: files from elsewhere, and reports that `verify` would refuse."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import NO_SURFACE_LEFT, given_pair, nothing, pair, release

from conformance.certificate.compose import compose
from conformance.certificate.folder import (
    DIGESTS_FILE,
    ENVELOPE_FILE,
    HTML_FILE,
    MARKDOWN_FILE,
    STATEMENT_FILE,
    digests,
    given_by,
    read_certificate,
    stated,
    sums,
    write_certificate,
)
from conformance.certificate.schema import Answer
from conformance.certificate.signing import new_key, signed
from conformance.certificate.statement import statement
from conformance.certificate.verify import verify
from conformance.errors import InputError
from conformance.timeline import Attack, Fate, Twin, UpgradeRecord

OUTSIDE = b"who: somebody else\n"


def edited(report: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    known = yaml.safe_load(report.read_text())
    edit(known)
    report.write_text(yaml.safe_dump(known, sort_keys=False))


def refused(root: Path, folders: tuple[Path, Path], said: str, upgrade: Path | None = None) -> None:
    """See that no certificate is made, and nothing written."""
    there = {path for path in root.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=said):
        write_certificate(root / "c", given_by(*folders, NO_SURFACE_LEFT, upgrade), "", None)
    assert {path for path in root.rglob("*") if path.is_file()} == there


def renamed(name: str) -> Callable[[dict[str, Any]], object]:
    """Let the first row name another file, of a kind that is not read for its signals, with a right digest."""

    def edit(known: dict[str, Any]) -> None:
        wanted = {"path": name, "sha256": hashlib.sha256(OUTSIDE).hexdigest(), "kind": "object"}
        known["results"][0]["evidence"].append(wanted)

    return edit


@pytest.mark.parametrize(
    "name",
    ["../outside", "evidence/../../outside", "evidence/./x", "evidence//x", "", ".", "a\nb", "a\\b", "{root}/outside"],
)
def test_evidence_outside_of_the_report_is_refused(tmp_path: Path, name: str) -> None:
    folders = pair(tmp_path, {"F01": nothing})
    (tmp_path / "outside").write_bytes(OUTSIDE)
    edited(folders[1] / "report.yaml", renamed(name.format(root=tmp_path)))
    refused(tmp_path, folders, "is no path inside")


@pytest.mark.parametrize("of_folder", [False, True])
def test_evidence_behind_a_link_is_refused(tmp_path: Path, *, of_folder: bool) -> None:
    folders = pair(tmp_path, {"F01": nothing})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_bytes(OUTSIDE)
    link = folders[1] / "link"
    link.symlink_to(tmp_path / "elsewhere" / ("" if of_folder else "x"))
    edited(folders[1] / "report.yaml", renamed("link/x" if of_folder else "link"))
    refused(tmp_path, folders, "lies behind a link")


def upgraded(root: Path) -> Path:
    attack = Attack(kind="foreign-source", target="a/b/c", at=1.0, judged_at=2.0, fate=Fate.DENIED, said="seen")
    record = UpgradeRecord(
        environment="staging", route="operator", source="2.9.2", target="2.9.5", began=0.0, ended=9.0,
        attacks=[attack], marks=[], twins=[Twin(kind="foreign-source", when="before", works=True, said="")],
        controllers=[], tenant_objects=1,
    )  # fmt: skip
    return release(root / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(record,))


def proving(name: str) -> Callable[[dict[str, Any]], object]:
    def edit(known: dict[str, Any]) -> None:
        known["upgrades"][0]["attacks"][0]["evidence"] = name

    return edit


@pytest.mark.parametrize("name", ["../outside", "{root}/outside", "link", "gone"])
def test_evidence_of_an_attack_outside_of_the_report_is_refused(tmp_path: Path, name: str) -> None:
    folders, upgrade = pair(tmp_path, {"F01": nothing}), upgraded(tmp_path)
    (tmp_path / "outside").write_bytes(OUTSIDE)
    (upgrade / "link").symlink_to(tmp_path / "outside")
    edited(upgrade / "report.yaml", proving(name.format(root=tmp_path)))
    refused(tmp_path, folders, "no path inside|behind a link|cannot read", upgrade)


def test_evidence_of_an_attack_is_copied(tmp_path: Path) -> None:
    folders, upgrade = pair(tmp_path, {"F01": nothing}), upgraded(tmp_path)
    (upgrade / "attack.yaml").write_bytes(OUTSIDE)
    edited(upgrade / "report.yaml", proving("attack.yaml"))
    write_certificate(tmp_path / "c", given_by(*folders, NO_SURFACE_LEFT, upgrade), "", None)
    assert (tmp_path / "c" / "upgrade" / "attack.yaml").read_bytes() == OUTSIDE
    assert verify(tmp_path / "c", None).problems == ()


def harming(known: dict[str, Any]) -> None:
    for file in known["results"][0]["evidence"]:
        file["kind"] = "harm" if file["kind"] == "absence" else file["kind"]


def judged(known: dict[str, Any]) -> None:
    known["verdict"] = "non-conformant"


@pytest.mark.parametrize(
    ("edit", "said"), [(judged, "its rows give conformant"), (harming, "its evidence shows the harm")]
)
@pytest.mark.parametrize("side", [0, 1, 2])
def test_what_verify_refuses_is_never_written(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], said: str, side: int
) -> None:
    folders, upgrade = pair(tmp_path, {"F01": nothing}), upgraded(tmp_path)
    edited((*folders, upgrade)[side] / "report.yaml", edit)
    refused(tmp_path, folders, said, upgrade)


@pytest.mark.parametrize("what", ["fleet", "tenant"])
def test_folders_of_one_name_with_other_files_are_refused(tmp_path: Path, what: str) -> None:
    given = {"fleet": "f1" * 32, "tenant": "7e" * 32} | {what: "00" * 32}
    folders = pair(tmp_path, {"F01": nothing}, folders_sha256=given)
    refused(tmp_path, folders, f"more than the Flux release: the {what}'s files")


def test_reports_that_do_not_say_what_their_fleet_was_are_no_yes(tmp_path: Path) -> None:
    before, after = (
        release(tmp_path / version, version, 1, {"F01": nothing}, folders_sha256={}) for version in ("2.9.2", "2.9.5")
    )
    known = compose(given_by(before, after, NO_SURFACE_LEFT))
    assert known.may_upgrade is Answer.INCONCLUSIVE
    assert known.reasons[0] == "the report of Flux 2.9.2 does not say which files the fleet and the tenant had"


@pytest.mark.parametrize("name", [MARKDOWN_FILE, HTML_FILE])
def test_a_page_that_says_something_else_is_found_under_a_right_signature(tmp_path: Path, name: str) -> None:
    private, public = new_key(tmp_path / "own")
    folder = tmp_path / "c"
    write_certificate(folder, given_pair(tmp_path, {"F01": nothing}), "", private)
    (folder / name).write_text("yes")
    (folder / DIGESTS_FILE).write_bytes(sums(digests(folder)))
    (folder / STATEMENT_FILE).write_bytes(statement(read_certificate(folder), stated(folder)))
    (folder / ENVELOPE_FILE).write_bytes(signed((folder / STATEMENT_FILE).read_bytes(), private))
    assert [problem.file for problem in verify(folder, public).problems] == [name]


@pytest.mark.parametrize("name", [DIGESTS_FILE, STATEMENT_FILE, ENVELOPE_FILE])
def test_a_link_in_place_of_what_holds_the_rest_together_is_named(tmp_path: Path, name: str) -> None:
    private, public = new_key(tmp_path / "own")
    folder = tmp_path / "c"
    write_certificate(folder, given_pair(tmp_path, {"F01": nothing}), "", private)
    shutil.move(folder / name, tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    assert name in {problem.file for problem in verify(folder, public).problems}


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_key_without_a_name_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="has no name for a key"):
        new_key(Path(path))


def test_no_secret_key_is_left_beside_a_public_one_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "own.pub").symlink_to(tmp_path / "gone")  # it counts as absent, and cannot be made
    with pytest.raises(InputError, match="cannot write"):
        new_key(tmp_path / "own")
    assert [path.name for path in tmp_path.iterdir()] == ["own.pub"]
