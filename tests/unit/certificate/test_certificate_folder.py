"""The folder of a certificate: whatever is edited, added or taken away is found and named."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.certificates import (
    FAILED,
    NO_SURFACE_LEFT,
    entry,
    given_pair,
    named,
    nothing,
    pair,
    release,
    resealed,
    surface,
    upgraded,
)

from conformance.certificate import page
from conformance.certificate.compose import compose
from conformance.certificate.folder import (
    CERTIFICATE_FILE,
    DIGESTS_FILE,
    ENVELOPE_FILE,
    HTML_FILE,
    MARKDOWN_FILE,
    STATEMENT_FILE,
    files,
    given_by,
    read_certificate,
    write_certificate,
)
from conformance.certificate.schema import CERTIFICATE_SCHEMA_FILE, Answer, Certificate
from conformance.certificate.signing import PAYLOAD_TYPE
from conformance.certificate.statement import PREDICATE_TYPE, STATEMENT_TYPE, statement
from conformance.certificate.surfaces import SURFACE_FILES, Surfaces
from conformance.certificate.verify import verify
from conformance.errors import InputError
from conformance.report.document import to_yaml
from conformance.report.write import load_report
from conformance.surface import Surface

AFTER_ALL = NO_SURFACE_LEFT[1]
RESERVED = (NO_SURFACE_LEFT[0], replace(AFTER_ALL, reservations=("flags were read from the manifests",)))


def test_a_certificate_as_it_was_made_is_verified(made: Path) -> None:
    found = verify(made / "certificate", made / "own.pub")
    assert (found.problems, found.signed) == ((), True)
    assert found.certificate == read_certificate(made / "certificate")
    assert sorted(path.name for path in made.iterdir()) == ["2.9.2", "2.9.5", "certificate", "own.key", "own.pub"]


def test_a_certificate_follows_the_shipped_schema(certificate: Path) -> None:
    text = CERTIFICATE_SCHEMA_FILE.read_text(encoding="utf-8")
    assert text == Certificate.schema_text(), "run: python -m conformance.certificate.schema"
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    written = yaml.safe_load((certificate / CERTIFICATE_FILE).read_text())
    jsonschema.validate(written, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "mayUpgrade": "perhaps"}, schema)


def test_an_edited_byte_of_any_file_is_named(made: Path, certificate: Path) -> None:
    """The first, the middle and the last byte of each file in turn."""
    for name in files(certificate):
        path = certificate / name
        whole = path.read_bytes()
        for place in {0, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert name in named(certificate, made), (name, place)
        path.write_bytes(whole)
    assert not named(certificate, made)


@pytest.mark.parametrize("name", [ENVELOPE_FILE, DIGESTS_FILE])
def test_every_single_byte_of_what_holds_the_rest_together_counts(made: Path, certificate: Path, name: str) -> None:
    path = certificate / name
    whole = path.read_bytes()
    step = max(1, len(whole) // 60)
    for place in range(0, len(whole), step):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 32]) + whole[place + 1 :])
        assert name in named(certificate, made), place


def test_a_removed_file_is_named(made: Path, certificate: Path) -> None:
    for name in files(certificate):
        path = certificate / name
        whole = path.read_bytes()
        path.unlink()
        assert name in named(certificate, made)
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["more.txt", "before/evidence/staging/F01/09-harm-x.yaml", "after/.hidden"])
def test_an_added_file_is_named(made: Path, certificate: Path, name: str) -> None:
    (certificate / name).write_text("x")
    assert named(certificate, made) == {name}


def test_a_link_in_place_of_a_file_or_a_folder_is_named(made: Path, certificate: Path, tmp_path: Path) -> None:
    (certificate / "catalog.md").rename(tmp_path / "catalog.md")
    (certificate / "catalog.md").symlink_to(tmp_path / "catalog.md")
    (certificate / "elsewhere").symlink_to(tmp_path)
    assert named(certificate, made) == {"catalog.md", "elsewhere"}


def test_two_edited_files_are_both_named(made: Path, certificate: Path) -> None:
    for name in (HTML_FILE, "catalog.md"):
        (certificate / name).write_text("other")
    assert {HTML_FILE, "catalog.md"} <= named(certificate, made)


def test_an_answer_that_does_not_follow_from_the_evidence_is_found_under_a_right_signature(
    tmp_path: Path, made: Path
) -> None:
    folder = tmp_path / "certificate"
    write_certificate(folder, given_pair(tmp_path, {"F01": FAILED}), "# Catalog\n", made / "own.key")
    known = read_certificate(folder).model_copy(update={"may_upgrade": Answer.YES, "exit_code": 0, "reasons": ()})
    (folder / CERTIFICATE_FILE).write_text(to_yaml(known))
    resealed(folder, made)
    said = {str(problem) for problem in verify(folder, made / "own.pub").problems}
    assert {line for line in said if line.startswith(CERTIFICATE_FILE)} == {
        f"certificate.yaml: '{field}' does not follow from the reports and their evidence"
        for field in ("may_upgrade", "exit_code", "reasons")
    }


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda text: text.replace("verdict: conformant", "verdict: non-conformant", 1),
            "its rows give conformant (0)",
        ),
        (lambda text: text.replace("kind: audit", "kind: object"), "the plane 'audit'"),
        (lambda text: text.replace("kind: absence", "kind: harm"), "its evidence shows the harm"),
    ],
)
def test_a_report_that_contradicts_itself_is_found_under_a_right_signature(
    made: Path, certificate: Path, edit: Callable[[str], str], said: str
) -> None:
    file = certificate / "after" / "report.yaml"
    file.write_text(edit(file.read_text()))
    resealed(certificate, made)
    assert any(said in str(problem) for problem in verify(certificate, made / "own.pub").problems)


def test_evidence_that_its_report_does_not_know_is_found_under_a_right_signature(made: Path, certificate: Path) -> None:
    file = next((certificate / "before").rglob("*answer*"))
    file.write_text(file.read_text().replace("403", "200"))
    resealed(certificate, made)
    assert any("is not what the report was made from" in str(p) for p in verify(certificate, made / "own.pub").problems)


def test_sha256sum_reads_the_digests(made: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", DIGESTS_FILE], cwd=made / "certificate", check=True)


def test_the_statement_is_an_in_toto_test_result(made: Path) -> None:
    folder = made / "certificate"
    known = json.loads((folder / STATEMENT_FILE).read_text())
    envelope = json.loads((folder / ENVELOPE_FILE).read_text())
    assert base64.b64decode(envelope["payload"]) == (folder / STATEMENT_FILE).read_bytes()
    assert envelope["payloadType"] == PAYLOAD_TYPE == "application/vnd.in-toto+json"
    assert (known["_type"], known["predicateType"]) == (STATEMENT_TYPE, PREDICATE_TYPE)
    subjects = {one["name"]: one["digest"]["sha256"] for one in known["subject"]}
    for name in ("SHA256SUMS", "certificate.yaml", "catalog.md", "before/report.yaml", "after/report.yaml"):
        assert subjects[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert subjects["kustomize-controller@v2.9.2"] != subjects["kustomize-controller@v2.9.5"]
    predicate = known["predicate"]
    assert (predicate["result"], predicate["passedTests"]) == ("WARNED", ["staging/B01", "staging/F01"])
    names = {one["name"] for one in predicate["configuration"]}
    assert {"suite", "kube-apiserver@v1.36.3", "SHA256SUMS"} <= names


@pytest.mark.parametrize(
    ("surfaces", "in_place", "edit", "result"),
    [
        (NO_SURFACE_LEFT, True, nothing, "PASSED"),
        (NO_SURFACE_LEFT, False, nothing, "WARNED"),
        (RESERVED, True, nothing, "WARNED"),
        (None, True, nothing, "FAILED"),
        (NO_SURFACE_LEFT, True, FAILED, "FAILED"),
    ],
)
def test_only_a_yes_without_reservations_has_passed(
    tmp_path: Path, surfaces: Surfaces | None, in_place: bool, edit: Any, result: str
) -> None:
    upgrade = upgraded(tmp_path) if in_place else None
    known = compose(given_by(*pair(tmp_path, {"F01": edit}), surfaces, upgrade))
    assert json.loads(statement(known, {}))["predicate"]["result"] == result


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (surface("2.9.5", entry("field X:spec.y")), "new surface: 1 entries that no check looks at (field X:spec.y)"),
        (replace(AFTER_ALL, flags_from={"a": "manifest"}), "the surface is incomparable: flags of a"),
        (None, "the surface of the releases was not compared"),
    ],
)
def test_new_surface_is_never_a_yes(tmp_path: Path, later: Surface | None, said: str) -> None:
    surfaces = (NO_SURFACE_LEFT[0], later) if later else None
    known = compose(given_by(*pair(tmp_path, {"F01": nothing}), surfaces))
    assert (known.may_upgrade, known.exit_code, len(known.reasons)) == (Answer.INCONCLUSIVE, 10, 1)
    assert known.reasons[0].startswith(said)


def test_surfaces_of_other_releases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the surfaces are of Flux 2\.9\.5 and 2\.9\.2, the reports of"):
        compose(given_by(*pair(tmp_path, {"F01": nothing}), (AFTER_ALL, NO_SURFACE_LEFT[0])))


def test_a_rule_that_is_gone_is_a_reservation(tmp_path: Path) -> None:
    before = replace(NO_SURFACE_LEFT[0], leaves={"K:spec.a": "", "K:spec!has(self.a)": "", "K:spec.b": ""})
    known = compose(given_by(*pair(tmp_path, {"F01": nothing}), (before, AFTER_ALL)))
    assert known.surface is not None
    assert known.surface.removed_leaves == ("K:spec!has(self.a)", "K:spec.a", "K:spec.b")
    assert known.provisional_reasons[0] == "the surface: 2.9.5: a validation rule is gone: K:spec!has(self.a)"


@pytest.mark.parametrize(("reserved", "reasons"), [((), 1), (("kustomize-controller v2.9.5 ran in its place",), 0)])
def test_a_controller_of_another_release_is_said(tmp_path: Path, reserved: tuple[str, ...], reasons: int) -> None:
    before, after = pair(tmp_path, {"F01": nothing}, stand_ins=reserved)
    later = replace(AFTER_ALL, components={"kustomize-controller": "v9.9.9"})
    known = compose(given_by(before, after, (NO_SURFACE_LEFT[0], later)))
    assert len(known.reasons) == reasons
    assert all("has kustomize-controller v9.9.9; v2.9.5 ran, without a reservation" in said for said in known.reasons)


@pytest.mark.parametrize("name", SURFACE_FILES)
def test_a_surface_that_says_something_else_is_found_under_a_right_signature(
    made: Path, certificate: Path, name: str
) -> None:
    file = certificate / name
    file.write_text(file.read_text().replace("field K:spec.a", "field K:spec.b"))
    resealed(certificate, made)
    said = {str(problem) for problem in verify(certificate, made / "own.pub").problems}
    assert said == {"certificate.yaml: 'surface' does not follow from the reports and their evidence"}


def test_an_entry_that_nobody_looks_at_cannot_be_counted_away(made: Path, certificate: Path) -> None:
    file = certificate / SURFACE_FILES[1]
    file.write_text(file.read_text().replace("  checks:\n  - F01\n", ""))
    resealed(certificate, made)
    (problem,) = verify(certificate, made / "own.pub").problems
    assert "of 'surface/after.yaml' does not follow from its entries" in problem.said


@pytest.mark.parametrize("named", SURFACE_FILES)
def test_a_certificate_without_one_of_its_surfaces_is_found(made: Path, certificate: Path, named: str) -> None:
    (certificate / named).unlink()
    resealed(certificate, made)
    assert any(f"cannot read '{named}'" in str(p) for p in verify(certificate, made / "own.pub").problems)


def test_a_finding_of_both_releases_is_no_yes(tmp_path: Path) -> None:
    before = release(tmp_path / "a", "2.9.2", 1, {"F01": FAILED, "B01": nothing})
    after = release(tmp_path / "b", "2.9.5", 2, {"F01": FAILED, "B01": nothing})
    known = compose(given_by(before, after, NO_SURFACE_LEFT))
    assert known.may_upgrade is Answer.INCONCLUSIVE
    assert "fails on both releases: mend the fleet first" in known.reasons[0]


def test_two_reports_of_one_release_are_refused(tmp_path: Path) -> None:
    one, other = release(tmp_path / "a", "2.9.2", 1, {"F01": nothing}), release(tmp_path / "b", "2.9.2", 2, {})
    with pytest.raises(InputError, match=r"both reports are of Flux 2\.9\.2"):
        compose(given_by(one, other, NO_SURFACE_LEFT))


def test_nothing_is_left_of_a_certificate_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the public key"):
        write_certificate(tmp_path / "c", given_pair(tmp_path, {"F01": nothing}), "", tmp_path / "no.key")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.9.2", "2.9.5"]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    given = given_pair(tmp_path, {"F01": nothing})
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "old.txt").write_text("x")
    with pytest.raises(InputError, match="is not empty"):
        write_certificate(tmp_path / "c", given, "", None)
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["old.txt"]


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no certificate"):
        verify(tmp_path, None)
    (tmp_path / CERTIFICATE_FILE).write_text("kind: ConformanceReport\n")
    assert {problem.file for problem in verify(tmp_path, None).problems} == {CERTIFICATE_FILE, DIGESTS_FILE}


def test_texts_of_a_tenant_close_no_table_and_open_no_tag(tmp_path: Path) -> None:
    def evil(known: dict[str, Any]) -> None:
        known["answer"]["request"] = "create | <script>alert(1)</script> `x`"

    folder = tmp_path / "certificate"
    known = write_certificate(folder, given_pair(tmp_path, {"F01": evil}), "", None)
    assert known.may_upgrade is Answer.INCONCLUSIVE
    for name in (MARKDOWN_FILE, HTML_FILE):
        assert "<script>" not in (folder / name).read_text()
    assert "create \\| &lt;script" in (folder / MARKDOWN_FILE).read_text()


def test_the_page_fits_one_pull_request(tmp_path: Path) -> None:
    edits = {f"Z{number:02d}": FAILED for number in range(60)}
    known = compose(given_pair(tmp_path, edits))
    said = page.markdown(known)
    assert len(said.splitlines()) < 100
    assert "And 35 more, in certificate.yaml." in said


def test_a_certificate_is_read_as_it_was_written(made: Path) -> None:
    known = read_certificate(made / "certificate")
    assert Certificate.model_validate(yaml.safe_load(to_yaml(known)), strict=False) == known
    assert load_report(made / "certificate" / "before").subject.flux_version == "2.9.2"
