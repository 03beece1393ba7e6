"""A report says nothing that its rows and its evidence do not say: who edits it and makes the digests anew is found."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import FAILED, allowed, nothing, release, upgraded

from conformance.certificate.compare import Reported
from conformance.certificate.rejudge import contradictions
from conformance.model import BinaryOrigin, Level, Outcome, Plane
from conformance.report.document import to_yaml
from conformance.report.schema import ConformanceReport, ResultRow
from conformance.report.write import load_report

SUBSTITUTED = BinaryOrigin(
    tool="source-controller",
    module="github.com/fluxcd/source-controller",
    version="v1.9.4",
    go_version="go1.27",
    go_sum_sha256="ab" * 32,
    binary_sha256="cd" * 32,
    source="cache",
    substituted=("github.com/fluxcd/pkg/artifact",),
)
LEFT_OUT = {"catalog": frozenset({"staging/F01", "staging/B01", "staging/B02"}), "binaries": (SUBSTITUTED,)}


def said(folder: Path) -> list[str]:
    return list(contradictions(Reported(load_report(folder), folder)))


@pytest.fixture
def reported(tmp_path: Path) -> Path:
    """Return a report of two checks of three, with a substituted module and a check that was not judged."""
    return release(
        tmp_path / "r", "2.9.2", 1, {"F01": nothing, "B01": {**FAILED, "outcome": Outcome.ERROR}}, **LEFT_OUT
    )


def test_a_report_as_it_was_written_contradicts_nothing(reported: Path) -> None:
    assert not said(reported)


def dropped(known: dict[str, Any]) -> None:
    known["results"] = [row for row in known["results"] if row["id"] != "F01"]


def passed(known: dict[str, Any]) -> None:
    row = next(row for row in known["results"] if row["id"] == "B01")
    row["result"] = "passed"


def unjudged(known: dict[str, Any]) -> None:
    known["profile"]["judgedLevels"] = ["provisional"]


def unsubstituted(known: dict[str, Any]) -> None:
    texts = known["judgement"]["provisionalReasons"]
    known["judgement"]["provisionalReasons"] = [text for text in texts if "pkg/artifact" not in text]


def all_selected(known: dict[str, Any]) -> None:
    known["suite"]["notSelected"] = []


def unselected(known: dict[str, Any]) -> None:
    known["judgement"]["provisionalReasons"] = known["judgement"]["provisionalReasons"][:1]


def whole(known: dict[str, Any]) -> None:
    known["judgement"]["provisional"] = False


def unreasoned(known: dict[str, Any]) -> None:
    known["judgement"]["reasons"] = []


def reasoned_otherwise(known: dict[str, Any]) -> None:
    known["judgement"]["reasons"] = ["nothing to see here"]


def beyond(known: dict[str, Any]) -> None:
    known["beyond"] = {"B02": "nodes"}
    unselected(known)


def outside(known: dict[str, Any]) -> None:
    known["results"][0]["judged"] = not known["results"][0]["judged"]


def another_controller(known: dict[str, Any]) -> None:
    known["subject"]["controllers"][0]["version"] = "v9.9.9"


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (another_controller, "'subject.controllers' does not follow from its rows"),
        (dropped, "'suite.catalogSize' does not follow from its rows"),
        (all_selected, "'suite.catalogSize' does not follow from its rows"),
        (passed, "its rows give conformant (0)"),
        (passed, "'summary' does not follow from its rows"),
        (passed, "B01 in staging: it passed, and has a message"),
        (unjudged, "'profile' does not follow from its rows"),
        (unsubstituted, "no reservation names source-controller and github.com/fluxcd/pkg/artifact"),
        (unselected, "no reservation names 1 and 3"),
        (beyond, "no reservation names 1 and 3"),
        (whole, "'judgement.provisional' does not follow from its rows"),
        (unreasoned, "'judgement.reasons' does not follow from its rows"),
        (reasoned_otherwise, "no reason names B01 in staging, which is 'error'"),
        (outside, "'results' does not follow from its rows"),
    ],
)
def test_an_edited_report_is_found(reported: Path, edit: Callable[[dict[str, Any]], None], wanted: str) -> None:
    file = reported / "report.yaml"
    known = yaml.safe_load(file.read_text())
    edit(known)
    file.write_text(yaml.safe_dump(known, sort_keys=False))
    assert any(wanted in text for text in said(reported)), said(reported)


def test_attacks_that_were_counted_otherwise_are_found(tmp_path: Path) -> None:
    folder = upgraded(tmp_path)
    assert not said(folder)
    file = folder / "report.yaml"
    known = yaml.safe_load(file.read_text())
    known["upgrades"][0]["kinds"][0]["denied"] = 7
    file.write_text(yaml.safe_dump(known, sort_keys=False))
    assert said(folder) == ["'upgrades' does not follow from its rows"]


def attacked(folder: Path, text: str, fate: str) -> list[str]:
    """Return what is said of the report of an upgrade whose only attack has this evidence and this fate."""
    (folder / "attack.yaml").write_text(text)
    file = folder / "report.yaml"
    known = yaml.safe_load(file.read_text())
    known["upgrades"][0]["attacks"][0] |= {"evidence": "attack.yaml", "fate": fate}
    file.write_text(yaml.safe_dump(known, sort_keys=False))
    return [text for text in said(folder) if text.startswith("the attack a/b/c: ")]


@pytest.mark.parametrize(
    ("status", "fate", "wrong"), [("False", "denied", 0), ("True", "passed", 0), ("True", "denied", 1)]
)
def test_an_attack_that_is_said_to_be_denied_did_not_become_ready(
    tmp_path: Path, status: str, fate: str, wrong: int
) -> None:
    ready = {"type": "Ready", "status": status, "reason": "x", "message": "x", "observedGeneration": 1}
    metadata = {"name": "upgrade-x", "namespace": "shared-a", "generation": 1}
    state = {"kind": "Kustomization", "metadata": metadata, "status": {"conditions": [ready]}}
    found = attacked(upgraded(tmp_path), yaml.safe_dump(state), fate)
    assert found == ["the attack a/b/c: it is said to be denied, and its evidence shows that it became ready"] * wrong


@pytest.mark.parametrize(("text", "wrong"), [("just words\n", 0), ("[1, 2]\n", 0), ("a: [", 1)])
def test_what_an_attack_left_as_words_is_believed(tmp_path: Path, text: str, wrong: int) -> None:
    assert len(attacked(upgraded(tmp_path), text, "denied")) == wrong


def test_a_reservation_in_other_words_follows_too(reported: Path) -> None:
    file = reported / "report.yaml"
    file.write_text(file.read_text().replace("was built with", "has, in place of its own,"))
    assert not said(reported)


def edited(folder: Path, **fields: Any) -> Iterator[str]:
    """Yield what is said once the only row says something else, and all that is derived from it fits."""
    known = load_report(folder)
    rows = (known.results[0].model_copy(update=fields),)
    report: ConformanceReport = known.model_copy(update={"results": rows})
    (folder / "report.yaml").write_text(to_yaml(report))
    yield from (text for text in said(folder) if text.startswith("F01"))


@pytest.mark.parametrize(
    ("planes", "wanted"),
    [
        ((Plane.ANSWER,), ["F01 in staging: it says that the plane 'answer' showed the denial, and nothing is denied"]),
        ((Plane.CONDITION,), ["F01 in staging: it says that the plane 'condition' showed the denial, and nothing is"]),
        ((Plane.AUDIT,), []),
        ((Plane.TRAFFIC,), ["has no evidence of that", "the plane 'traffic' showed the denial, and nothing is denied"]),
        ((), ["it says that something was denied, and on no plane"]),
    ],
)
def test_a_row_that_passed_on_evidence_of_what_went_through_is_found(
    tmp_path: Path, planes: tuple[Plane, ...], wanted: list[str]
) -> None:
    folder = release(tmp_path / "r", "2.9.2", 1, {"F01": allowed})
    found = list(edited(folder, planes=planes, denial=True))
    assert len(found) == len(wanted)
    assert all(part in text for part, text in zip(wanted, found, strict=True))


def test_a_plane_that_has_words_alone_is_believed(tmp_path: Path) -> None:
    def in_words(known: dict[str, Any]) -> None:
        known["conditions"] = "violates PodSecurity\n"
        known["audit"] = "nobody wrote it\n"

    assert not said(release(tmp_path / "r", "2.9.2", 1, {"F01": in_words}))


def test_a_row_that_passed_beside_what_must_not_be_is_found(tmp_path: Path) -> None:
    def found(known: dict[str, Any]) -> None:
        known["found"] = {"what": "a tenant is bound elsewhere", "found": ["a binding"]}

    assert said(release(tmp_path / "r", "2.9.2", 1, {"F01": found})) == [
        "F01 in staging: it passed, and its evidence says: a tenant is bound elsewhere"
    ]


def test_an_audit_log_that_says_the_opposite_is_found(tmp_path: Path) -> None:
    def went_through(known: dict[str, Any]) -> None:
        known["audit"]["code"] = 201

    (found,) = said(release(tmp_path / "r", "2.9.2", 1, {"F01": went_through}))
    assert "the plane 'audit' showed the denial, and nothing is denied" in found


def test_a_limit_that_is_open_has_no_reason(tmp_path: Path) -> None:
    row = {**FAILED, "level": Level.PROVISIONAL}
    assert not said(release(tmp_path / "r", "2.9.2", 1, {"F01": nothing, "J10": row}))


def test_every_field_of_a_row_has_somebody_who_knows_what_it_is() -> None:
    """A new field is a question: is it derived, evidence, or believed?"""
    believed = {
        "id",
        "key",
        "parameter",
        "statement",
        "level",
        "environment",
        "result",
        "duration",
        "control",
        "denial",
    }
    believed |= {"planes", "fidelity", "cells", "evidence", "rerun", "spec", "source", "reading"}
    looked_at = {"judged", "message", "observed", "wanted", "layer", "control_state"}
    assert believed | looked_at == set(ResultRow.model_fields)
