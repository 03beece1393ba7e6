"""The verdict of a report, made again from its rows and its evidence; pure but for reading the evidence."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from conformance.certificate.compare import Reported
from conformance.certificate.record import run_of
from conformance.certificate.signals import FOUND, HARM, READ, TEXT, Decision, decisions_of, signals
from conformance.certificate.stored import content, unproved
from conformance.errors import InputError
from conformance.model import Outcome, Plane
from conformance.report.build import build_report
from conformance.report.schema import ConformanceReport, ResultRow, Summary
from conformance.report.upgrade_schema import AttackRow
from conformance.report.verdict import VARIANT
from conformance.timeline import Fate

_SHOWN_BY: Mapping[Plane, frozenset[str]] = {
    Plane.CONDITION: frozenset({"conditions", "object"}),
    Plane.ANSWER: frozenset({"answer", "dry-run", "push"}),
    Plane.AUDIT: frozenset({"audit"}),
    Plane.ABSENCE: frozenset({"absence", "leaks", "object"}),
    Plane.ACCESS_LOG: frozenset({"access-log", "registry-log"}),
    Plane.CONTROLLER_LOG: frozenset({"controller-log"}),
    Plane.EVENT: frozenset({"event", "events", "received"}),
    Plane.TRAFFIC: frozenset({"network"}),
    Plane.COMPUTED: frozenset({"network"}),
}
"""Plane -> kinds of evidence, one of which a result that claims the plane must have."""
_DECIDES = frozenset({Plane.CONDITION, Plane.ANSWER, Plane.AUDIT, Plane.TRAFFIC, Plane.COMPUTED})
"""Planes whose evidence says what became of a request or a connection: one of them must have been denied."""
_OF_NO_PASS = ("message", "observed", "wanted", "layer", "control_state")
"""Fields of a row that only a check which did not pass fills."""


def contradictions(side: Reported) -> Iterator[str]:
    """Yield what a report says that its own rows and evidence do not say."""
    report = side.report
    again = build_report(run_of(report))
    said = f"{report.verdict} ({report.judgement.exit_code})"
    if (found := f"{again.verdict} ({again.judgement.exit_code})") != said:
        yield f"the verdict is {said}; its rows give {found}"
    yield from (f"'{name}' does not follow from its rows" for name in _otherwise(report, again))
    yield from _unnamed(report, again)
    for row in report.results:
        yield from (f"{row.key} in {row.environment}: {said}" for said in _of_row(row, side.folder))
    for block in report.upgrades:
        for attack in block.attacks:
            yield from (f"the attack {attack.target}: {said}" for said in _of_attack(attack, side.folder))


def _of_attack(attack: AttackRow, folder: Path) -> Iterator[str]:
    """Yield that an attack which is said to be denied became ready, or cannot be looked at."""
    if not attack.evidence:
        return
    try:
        data = unproved(attack.evidence, folder)
        decided = frozenset() if attack.evidence.endswith(TEXT) else decisions_of(data)
    except InputError as error:
        yield error.what
        return
    if attack.fate is not Fate.PASSED and Decision.ALLOWED in decided:
        yield f"it is said to be {attack.fate}, and its evidence shows that it became ready"


def _refused(reads: Iterable[Callable[[], bytes]]) -> Iterator[str]:
    for read in reads:
        try:
            read()
        except InputError as error:
            yield error.what


def _otherwise(report: ConformanceReport, again: ConformanceReport) -> Iterator[str]:
    """Yield the fields that a report derives from its rows, and that its rows do not give; sentences are its own."""
    pairs: dict[str, tuple[object, object]] = {
        "profile": (report.profile, again.profile),
        "subject.controllers": (report.subject.controllers, again.subject.controllers),
        "suite.catalogSize": (report.suite.catalog_size, again.suite.catalog_size),
        "suite.selected": (report.suite.selected, again.suite.selected),
        "suite.notSelected": (report.suite.not_selected, again.suite.not_selected),
        # Which limits were known to be closed is said by the catalogue of the suite of that day.
        "summary": (_numbers(report.summary), _numbers(again.summary)),
        "results": (_judged(report), _judged(again)),
        "upgrades": (_counted(report), _counted(again)),
        "judgement.reasons": (len(report.judgement.reasons), len(again.judgement.reasons)),
        "judgement.provisional": (report.judgement.provisional, bool(report.judgement.provisional_reasons)),
    }
    yield from (name for name, (said, found) in pairs.items() if said != found)


def _numbers(summary: Summary) -> Summary:
    return summary.model_copy(update={"limits_closed": ()})


def _judged(report: ConformanceReport) -> Mapping[tuple[str, str], bool]:
    return {(row.environment, row.key): row.judged for row in report.results}


def _counted(report: ConformanceReport) -> list[tuple[object, ...]]:
    return [
        (block.environment, block.way_back, one.kind, one.attacks, one.denied, one.pending, one.passed)
        for block in report.upgrades
        for one in block.kinds
    ]


def _unnamed(report: ConformanceReport, again: ConformanceReport) -> Iterator[str]:
    """Yield what the rows give as a reason or a reservation, and the report does not name, in whatever words."""
    for row in again.results:
        named = any(row.key in text and row.environment in text for text in report.judgement.reasons)
        if row.judged and row.result is not Outcome.PASSED and not named:
            yield f"no reason names {row.key} in {row.environment}, which is '{row.result}'"
    reserved = report.judgement.provisional_reasons
    facts = [(binary.tool, module) for binary in again.binaries for module in binary.substituted]
    facts = [fact for fact in facts if VARIANT not in fact[0]]
    if left := len(again.suite.not_selected):
        facts.append((str(left), str(again.suite.catalog_size)))
    for fact in facts:
        if not any(all(part in text for part in fact) for text in reserved):
            yield f"no reservation names {' and '.join(fact)}"


def _of_row(row: ResultRow, folder: Path) -> Iterator[str]:
    unread = list(_refused(partial(content, file, folder) for file in row.evidence))
    yield from unread
    if row.result is not Outcome.PASSED or unread:
        return
    kinds = {file.kind for file in row.evidence}
    if HARM in kinds:
        yield "it passed, and its evidence shows the harm"
    for signal in signals(row, folder) if FOUND in kinds else ():
        if signal.decision is Decision.FOUND:
            yield f"it passed, and its evidence says: {signal.subject}"
    if filled := [name for name in _OF_NO_PASS if getattr(row, name)]:
        yield f"it passed, and has a {filled[0].replace('_', ' ')}, which only a check has that did not"
    if row.denial and not row.planes:
        yield "it says that something was denied, and on no plane"
    for plane in row.planes:
        if not kinds & _SHOWN_BY[plane]:
            yield f"it says that the plane '{plane}' showed the denial, and has no evidence of that"
    if row.denial:
        yield from _undenied(row, folder)


def _undenied(row: ResultRow, folder: Path) -> Iterator[str]:
    """Yield the planes that are said to show the denial, and whose evidence shows none."""
    found = signals(row, folder)
    texts = {file.kind for file in row.evidence if file.path.endswith(TEXT) or file.kind not in READ}
    for plane in sorted({Plane.TRAFFIC if p is Plane.COMPUTED else p for p in row.planes if p in _DECIDES}):
        seen = [signal.decision for signal in found if signal.plane == plane]
        # Words alone are believed: the refusal that a push was given, an audit log without an entry.
        if Decision.DENIED not in seen and (seen or not texts & _SHOWN_BY[plane]):
            yield f"it says that the plane '{plane}' showed the denial, and nothing is denied in that evidence"
