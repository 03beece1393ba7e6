"""JUnit XML of a combined report: one suite per column and environment, one of the verdicts, one of the parity."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from conformance.model import Outcome, Verdict
from conformance.report import parity_page, wording
from conformance.report.combined_schema import ColumnRow, CombinedReport, Relation, Row
from conformance.report.junit import add_suite, new_case, set_outcome, to_bytes


def combined_junit_xml(report: CombinedReport) -> bytes:
    """Return the report as JUnit XML; what failed in a column is told in full by that column's own file."""
    root = ET.Element("testsuites", name=f"flux-tenancy-conformance {report.flux_version}".strip())
    for column in report.columns:
        started = column.run.started if column.run else ""
        for environment in report.environments:
            cases = list(_results(report, column, environment))
            if cases:
                add_suite(root, f"{column.name}, {environment}", cases, started)
    add_suite(root, "columns", [_verdict(column) for column in report.columns], "")
    add_suite(root, "parity", _parity(report), "")
    return to_bytes(root)


def _results(report: CombinedReport, column: ColumnRow, environment: str) -> Iterator[ET.Element]:
    for row in report.parity.rows:
        side = next((side for side in row.sides if side.column == column.name), None)
        if row.environment != environment or side is None:
            continue
        case = new_case(f"{column.bootstrap}.{column.provider}.{environment}.{row.key[:1]}", row.key)
        said = side.said or row.statement
        # A row that this column cannot show, and that no verdict waits for, is no failure of anything.
        if not row.judged or side.outcome in {Outcome.UNSUPPORTED, Outcome.SKIPPED}:
            set_outcome(case, "skipped", kind=side.word or "not judged", message=said)
        elif side.outcome is Outcome.FAILED:
            set_outcome(case, "failure", kind="finding", message=said)
        elif side.outcome is not Outcome.PASSED:
            set_outcome(case, "error", kind="engine", message=f"{wording.NOT_A_FINDING} {said}")
        yield case


def _verdict(column: ColumnRow) -> ET.Element:
    case = new_case(f"{column.bootstrap}.{column.provider}", "verdict", column.seconds)
    if column.judgement is None:
        return set_outcome(case, "error", kind="run", message=f"{wording.NOT_A_FINDING} {column.lost}")
    text = "\n".join(column.judgement.reasons)
    if column.verdict is Verdict.NON_CONFORMANT:
        set_outcome(case, "failure", kind="finding", message=str(column.verdict), text=text)
    elif column.verdict is Verdict.INCONCLUSIVE:
        message = f"{wording.NOT_A_FINDING} {column.verdict}"
        set_outcome(case, "error", kind="run", message=message, text=text)
    return case


def _parity(report: CombinedReport) -> list[ET.Element]:
    cases = [_compared(row) for row in report.parity.rows]
    for number, text in enumerate(report.parity.breakdowns, start=1):
        case = new_case("parity", f"breakdown {number}")
        cases.append(set_outcome(case, "error", kind="run", message=f"{wording.NOT_A_FINDING} {text}"))
    return cases


def _compared(row: Row) -> ET.Element:
    case, said = new_case(f"parity.{row.environment}.{row.key[:1]}", row.key), parity_page.said_of(row)
    if row.relation is Relation.DIFFERENT:
        set_outcome(case, "failure", kind="different", message=said)
    elif row.relation is Relation.NOT_COMPARED:
        set_outcome(case, "error", kind="not compared", message=f"{wording.NOT_A_FINDING} {said}")
    elif row.relation is not Relation.EQUAL:
        set_outcome(case, "skipped", kind=row.relation, message=said)
    return case
