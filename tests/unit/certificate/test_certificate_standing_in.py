"""What ran in another version than the release's shows nothing of the release, and is not called unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.certificates import FAILED, NO_SURFACE_LEFT, Edit, allowed, nothing, release

from conformance.certificate import page
from conformance.certificate.compose import compose
from conformance.certificate.folder import given_by
from conformance.certificate.schema import Answer, Certificate, Direction
from conformance.certificate.standing_in import seen_through
from conformance.certificate.statement import statement
from conformance.report.schema import EvidenceFile
from conformance.report.write import load_report

LENT = "kustomize-controller v9.9.9 could not be had: v2.9.5 ran in its place"


def reconciled(known: dict[str, Any]) -> None:
    known["conditions shared-a/Kustomization/f01-foreign"] = known.pop("conditions")


def opened(known: dict[str, Any]) -> None:
    allowed(known)
    reconciled(known)


def certified(root: Path, before: Any, after: Any, lent: tuple[str, ...] = (LENT,)) -> Certificate:
    """Compare two releases; in the later one kustomize-controller is another one's."""
    one = release(root / "a", "2.9.2", 1, {"F01": before, "B01": nothing})
    other = release(root / "b", "2.9.5", 2, {"F01": after, "B01": nothing}, stand_ins=lent)
    return compose(given_by(one, other, NO_SURFACE_LEFT))


@pytest.mark.parametrize(
    ("edit", "lent", "direction"),
    [
        (reconciled, (LENT,), Direction.NOT_SHOWN),
        (reconciled, ("helm-controller v1.6.4 could not be had: v1.6.2 ran in its place",), Direction.UNCHANGED),
        (reconciled, (), Direction.UNCHANGED),
        (opened, (LENT,), Direction.LOOSER),
        (FAILED, (LENT,), Direction.LOOSER),
    ],
)
def test_what_is_the_same_controller_on_both_sides_is_not_unchanged(
    tmp_path: Path, edit: Edit | dict[str, Any], lent: tuple[str, ...], direction: Direction
) -> None:
    found = {row.key: row.direction for row in certified(tmp_path, reconciled, edit, lent).comparison.rows}
    assert found == {"F01": direction, "B01": Direction.UNCHANGED}


def test_it_is_said_on_the_page_and_is_no_test_that_passed(tmp_path: Path) -> None:
    known = certified(tmp_path, reconciled, reconciled)
    (row,) = known.comparison.of(Direction.NOT_SHOWN)
    assert "kustomize-controller v2.9.5 stood in for that of Flux 2.9.5" in row.notes[0]
    assert "not shown: F01 in staging: a controller of another release stood in" in page.markdown(known)
    assert json.loads(statement(known, {}))["predicate"]["passedTests"] == ["staging/B01"]


def test_a_finding_of_both_is_said_whoever_stood_in(tmp_path: Path) -> None:
    failed = {**FAILED, "message": "it went through"}
    failed.pop("evidence")  # it keeps what it saw
    known = certified(tmp_path, failed, failed)
    assert known.may_upgrade is Answer.INCONCLUSIVE
    assert any("fails on both releases" in reason for reason in known.reasons)


@pytest.mark.parametrize(
    ("kind", "path", "controllers"),
    [
        (
            "conditions",
            "e/F22/01-conditions-shared-a-Receiver-f22-own.yaml",
            {"notification-controller"},
        ),
        ("controller-log", "e/F05/02-controller-log-helm-controller-no.txt", {"helm-controller"}),
        ("controller-log", "e/F05/02-controller-log-helm-controller.txt", {"helm-controller"}),
        ("received", "e/F21/03-received--f21.yaml", {"notification-controller"}),
        ("conditions", "e/F19/04-conditions-shared-b-ImageRepository-f19.yaml", {"image-reflector-controller"}),
        ("conditions", "e/Kustomization-x/04-conditions-shared-b-Pod-f19.yaml", set()),
        ("answer", "e/F19/01-answer-create-shared-a-ImageRepository-f19.yaml", set()),
    ],
)
def test_evidence_names_the_controller_that_spoke(tmp_path: Path, kind: str, path: str, controllers: set[str]) -> None:
    row = load_report(release(tmp_path, "2.9.2", 1, {"F01": nothing})).results[0]
    file = EvidenceFile(path=path, sha256="ab" * 32, kind=kind)
    assert seen_through(row.model_copy(update={"evidence": (file,)})) == controllers
