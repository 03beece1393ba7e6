"""Both bootstrap routes in one run: two certifications, one report, and whether they say the same."""

from pathlib import Path
from typing import Any

import pytest

from conformance.model import Outcome, Verdict
from conformance.report.combined_schema import Answer, CombinedReport, Relation
from conformance.report.write import digest_of, load_any, load_report

SELECTED = "A01 or A16 or D02 or E01 or F01"
"""A control read back, the row in which the routes are known to differ, a Pod, a simulated row, and a denial."""


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    return started("run", "staging", "--flux-bootstrap", "cli,operator", "-k", SELECTED)


@pytest.fixture(scope="module")
def combined(certified: tuple[int, Path]) -> CombinedReport:
    found = load_any(certified[1])
    assert isinstance(found, CombinedReport)
    return found


def test_both_routes_get_the_same_verdict(certified: tuple[int, Path], combined: CombinedReport) -> None:
    assert combined.judgement.reasons == ()
    assert (combined.verdict, certified[0]) == (Verdict.CONFORMANT, 0)
    assert (combined.parity.answer, combined.parity.routes) == (Answer.EQUAL, Answer.EQUAL)
    assert [row.key for row in combined.parity.rows if row.relation is not Relation.EQUAL] == ["A16"]


def test_each_column_has_a_report_of_its_own(certified: tuple[int, Path], combined: CombinedReport) -> None:
    assert [(column.name, column.folder) for column in combined.columns] == [
        ("cli", "cli-embedded"),
        ("operator", "operator-embedded"),
    ]
    for column in combined.columns:
        report = load_report(certified[1] / column.folder)
        assert (report.environment.bootstrap, report.environment.provider) == (column.bootstrap, "embedded")
        assert column.report_sha256 == digest_of(certified[1] / column.folder)
        rows = {row.key: row.result for row in report.results}
        seen = {
            row.key: side.outcome for row in combined.parity.rows for side in row.sides if side.column == column.name
        }
        assert rows == seen
        assert [key for key, result in rows.items() if result is not Outcome.PASSED and key != "A16"] == []


def test_the_live_controls_stand_side_by_side(combined: CombinedReport) -> None:
    assert combined.lockdown
    assert all(set(row.live) == {"cli", "operator"} for row in combined.lockdown)


def test_every_form_is_there(certified: tuple[int, Path]) -> None:
    found = {path.name for path in certified[1].iterdir()}
    assert found == {"cli-embedded", "operator-embedded", "junit.xml", "report.html", "report.md", "report.yaml"}
