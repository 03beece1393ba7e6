"""JUnit XML of a report: one suite per environment, one for the mutants; findings are failures, breakdowns errors."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from conformance.model import Fidelity, Kill, Outcome
from conformance.report import wording
from conformance.report.schema import ConformanceReport, MutantRow, ResultRow
from conformance.report.upgrade_schema import KindRow, UpgradeRow
from conformance.timeline import ABSENT

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write, such as the ESC of a coloured log line."""


def junit_xml(report: ConformanceReport) -> bytes:
    """Return the report as JUnit XML."""
    root = ET.Element("testsuites", name=f"flux-tenancy-conformance {report.subject.flux_version}")
    for environment in report.environment.environments:
        rows = [row for row in report.results if row.environment is environment]
        absent = [name.partition("/")[2] for name in report.summary.missing if name.startswith(f"{environment}/")]
        cases = [*(_check(row) for row in rows), *(_missing(environment, key) for key in absent)]
        add_suite(root, environment, cases, report.run.started)
    if report.mutants:
        cases = [case for mutant in report.mutants for case in _mutant(mutant)]
        add_suite(root, "mutants", cases, report.run.started)
    for block in report.upgrades:
        cases = [*(_kind(block, kind) for kind in block.kinds), _tenants(block)]
        add_suite(root, f"{_way(block)} of {block.environment}", cases, report.run.started)
    if report.breakdowns:
        cases = [_broken(number, text) for number, text in enumerate(report.breakdowns, start=1)]
        add_suite(root, "run", cases, report.run.started)
    return to_bytes(root)


def to_bytes(root: ET.Element) -> bytes:
    """Return the document as the text of a file."""
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def add_suite(root: ET.Element, name: str, cases: Iterable[ET.Element], started: str) -> None:
    """Add a suite with its cases and their numbers; `started` as RFC 3339, empty: not known."""
    suite = ET.SubElement(root, "testsuite", name=_clean(name))
    if started:
        suite.set("timestamp", _clean(started))
    suite.extend(cases)
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in suite)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in suite):.3f}")


def new_case(classname: str, name: str, seconds: float = 0.0) -> ET.Element:
    """Return a case that passed."""
    return ET.Element("testcase", classname=_clean(classname), name=_clean(name), time=f"{seconds:.3f}")


def set_outcome(case: ET.Element, tag: str, *, kind: str, message: str, text: str = "") -> ET.Element:
    """Give a case its outcome: `failure` is a finding, `error` a breakdown, `skipped` neither; return the case."""
    child = ET.SubElement(case, tag, type=_clean(kind), message=_clean(message))
    child.text = _clean(text) or None
    return case


def _check(row: ResultRow) -> ET.Element:
    simulated = row.fidelity is Fidelity.SIMULATED
    name = f"{row.key} ({row.fidelity})" if simulated else row.key
    case = new_case(f"{row.environment}.{wording.area(row)}", name, row.duration)
    properties = ET.SubElement(case, "properties")
    for name, value in (
        ("statement", row.statement),
        ("level", row.level.value),
        ("control", row.control),
        ("fidelity", row.fidelity.value),
    ):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    if not row.judged:
        return set_outcome(case, "skipped", kind="not judged", message=_with(row.reading, row.message))
    if row.result is Outcome.FAILED:
        message = row.message or row.statement
        return set_outcome(case, "failure", kind="finding", message=message, text=wording.failure_block(row))
    if row.result is Outcome.ERROR:
        message = f"{wording.NOT_A_FINDING} {row.message}"
        return set_outcome(case, "error", kind=row.layer or "engine", message=message, text=wording.failure_block(row))
    if row.result is not Outcome.PASSED:
        set_outcome(case, "skipped", kind=row.result.value, message=_with(row.reading, row.message))
    return case


def _missing(environment: str, key: str) -> ET.Element:
    message = f"{wording.NOT_A_FINDING} was collected and has no result"
    return set_outcome(new_case(f"{environment}.{key[:1]}", key), "error", kind="engine", message=message)


def _mutant(row: MutantRow) -> Iterable[ET.Element]:
    classname = f"mutants.{row.environment}.{row.id}"
    for key, kill in row.kills.items():
        case = new_case(classname, key)
        if kill is Kill.SURVIVED:
            set_outcome(case, "failure", kind="survived", message=f"{row.id} survived {key}", text=row.description)
        elif kill is Kill.ERROR:
            set_outcome(
                case, "error", kind="engine", message=f"{row.id} could not be judged by {key}", text=row.message
            )
        yield case
    reverted = new_case(classname, "green again", row.duration)
    if not row.green_again or not row.kills:
        set_outcome(reverted, "error", kind="engine", message=row.message or f"{row.id} was not judged or not reverted")
    yield reverted


def _way(block: UpgradeRow) -> str:
    return "way back" if block.way_back else "upgrade"


def _kind(block: UpgradeRow, kind: KindRow) -> ET.Element:
    """Return all attacks of a kind during an upgrade as one case."""
    case = new_case(f"{_way(block)}.{block.environment}", kind.kind, block.seconds or 0.0)
    said = f"{kind.attacks} attacks: {kind.denied} denied, {kind.pending} not judged, {kind.passed} passed"
    if kind.passed:
        return set_outcome(case, "failure", kind="finding", message=said)
    if kind.pending or block.broke:
        return set_outcome(case, "error", kind="upgrade", message=f"{wording.NOT_A_FINDING} {said}", text=block.broke)
    return case


def _tenants(block: UpgradeRow) -> ET.Element:
    """Return the objects of the fleet's tenants as one case."""
    case = new_case(f"{_way(block)}.{block.environment}", "objects of tenants")
    touched = [one for one in block.tenants_changed if one.before != ABSENT]
    if touched:
        said = "\n".join(f"{one.name}: {one.before} before, {one.after} after" for one in touched)
        message = f"{len(touched)} of {block.tenant_objects} objects of the fleet's tenants were touched"
        return set_outcome(case, "failure", kind="finding", message=message, text=said)
    if block.broke or not block.tenant_objects:
        message = f"{wording.NOT_A_FINDING} nobody can say that the objects of the fleet's tenants are untouched"
        return set_outcome(case, "error", kind="upgrade", message=message, text=block.broke)
    return case


def _broken(number: int, text: str) -> ET.Element:
    message = f"{wording.NOT_A_FINDING} {text.partition(chr(10))[0]}"
    return set_outcome(new_case("run", f"breakdown {number}"), "error", kind="run", message=message, text=text)


def _with(reading: str, message: str) -> str:
    return f"{reading}: {message}" if message else reading


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
