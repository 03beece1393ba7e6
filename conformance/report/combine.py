"""From the reports of several certifications to one: a pure function that fails closed, as the verdict of one does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance import __version__, lockdown_arguments
from conformance.errors import InputError
from conformance.model import EXIT_CODES, ExitCode, Verdict
from conformance.report import parity_page, wording
from conformance.report.combined_schema import (
    Answer,
    ColumnRow,
    CombinedReport,
    LiveArgument,
    LiveRow,
    Parity,
    Relation,
)
from conformance.report.parity import compare, names
from conformance.report.schema import ConformanceReport, Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One certification of a combined report, as it ended."""

    bootstrap: str
    provider: str
    folder: str
    """Of its report, relative to the combined one."""
    report: ConformanceReport | None = None
    sha256: str = ""
    """Of its report.yaml."""
    lost: str = ""
    """Why it has no report."""
    nothing_selected: bool = False
    seconds: float = 0.0


def part_of(report: ConformanceReport, *, folder: str, sha256: str = "", seconds: float = 0.0) -> Part:
    """Return the part that a report is."""
    platform = report.environment
    return Part(
        bootstrap=platform.bootstrap,
        provider=platform.provider,
        folder=folder,
        report=report,
        sha256=sha256,
        seconds=seconds,
    )


def combine(parts: Sequence[Part]) -> CombinedReport:
    """Return the one report of several certifications.

    Raises:
        InputError: two are of the same platform, or there are not two.
    """
    titles = names([(part.bootstrap, part.provider) for part in parts])
    columns = tuple(_column(name, part) for name, part in zip(titles, parts, strict=True))
    reports = {name: part.report for name, part in zip(titles, parts, strict=True) if part.report}
    parity = _parity(parts, reports, [f"{column.name}: {column.lost}" for column in columns if column.lost])
    first = next(iter(reports.values()), None)
    verdict, judgement = _judge(columns, parity, empty=all(part.nothing_selected for part in parts))
    return CombinedReport(
        verdict=verdict,
        judgement=judgement,
        flux_version=next((r.subject.flux_version for r in reports.values() if r.subject.flux_version), ""),
        fleet=next((r.subject.fleet for r in reports.values() if r.subject.fleet), ""),
        profile=first.profile.name if first else None,
        environments=first.environment.environments if first else (),
        suite=first.suite.version if first else __version__,
        columns=columns,
        parity=parity,
        lockdown=tuple(_live(reports)),
        arguments=tuple(_arguments(reports)),
    )


def _column(name: str, part: Part) -> ColumnRow:
    report = part.report
    if report is None:
        return ColumnRow(
            name=name,
            bootstrap=part.bootstrap,
            provider=part.provider,
            folder=part.folder,
            lost=part.lost or "it has none",
            seconds=round(part.seconds, 1),
        )
    return ColumnRow(
        name=name,
        bootstrap=part.bootstrap,
        provider=part.provider,
        folder=part.folder,
        report_sha256=part.sha256,
        verdict=report.verdict,
        judgement=report.judgement,
        run=report.run,
        kubernetes=report.environment.kubernetes,
        seconds=round(part.seconds, 1),
        judged=report.summary.judged,
        missing=len(report.summary.missing),
        selected=report.suite.selected,
        catalog_size=report.suite.catalog_size,
        mutants=report.summary.mutants,
        scope=(*(f"{what}: {said}" for what, said in wording.scope(report)), *wording.rounds(report)),
        notes=report.notes,
        closed=tuple(wording.closed(report)),
    )


def _parity(parts: Sequence[Part], reports: Mapping[str, ConformanceReport], lost: Sequence[str]) -> Parity:
    try:
        found = compare(reports, lost)
    except InputError as error:
        # After hours of runs: what each of them found is kept, and nothing is said of the comparison.
        found = Parity(answer=Answer.INCONCLUSIVE, breakdowns=(*lost, error.what))
    asked = len({part.bootstrap for part in parts}) > 1
    return found.model_copy(update={"routes": Answer.INCONCLUSIVE}) if asked and found.routes is None else found


def _judge(columns: Sequence[ColumnRow], parity: Parity, *, empty: bool) -> tuple[Verdict, Judgement]:
    """A finding of a column or about parity decides; then whatever nobody can say. Conformant is what remains."""
    findings, doubts = list(_findings(columns, parity)), list(_doubts(columns, parity))
    if findings:
        verdict, code = Verdict.NON_CONFORMANT, ExitCode.NON_CONFORMANT
    elif doubts:
        verdict, code = Verdict.INCONCLUSIVE, ExitCode.NOTHING_COLLECTED if empty else ExitCode.INCONCLUSIVE
    else:
        verdict, code = Verdict.CONFORMANT, ExitCode.CONFORMANT
    said = ((c.name, text) for c in columns if c.judgement for text in c.judgement.provisional_reasons)
    reservations = wording.together(said)
    return verdict, Judgement(
        exit_code=EXIT_CODES[code],
        reasons=(*findings, *doubts),
        provisional=bool(reservations),
        provisional_reasons=tuple(reservations),
    )


def _findings(columns: Sequence[ColumnRow], parity: Parity) -> Iterator[str]:
    yield from _reasons(columns, Verdict.NON_CONFORMANT)
    for row in parity.of(Relation.DIFFERENT):
        yield f"parity: {parity_page.where(row)} is not the same in all columns: {parity_page.said_of(row)}"


def _doubts(columns: Sequence[ColumnRow], parity: Parity) -> Iterator[str]:
    yield from _reasons(columns, Verdict.INCONCLUSIVE)
    yield from (f"{column.name} has no report: {column.lost}" for column in columns if column.lost)
    yield from (f"parity: {text}" for text in _unsaid(columns, parity))
    unseen = parity.of(Relation.NOT_COMPARED)
    yield from (f"parity: {parity_page.where(row)} was not compared: {parity_page.said_of(row)}" for row in unseen)
    if parity.answer is Answer.INCONCLUSIVE and not (unseen or parity.breakdowns):
        yield "parity: no row was judged in more than one column"


def _unsaid(columns: Sequence[ColumnRow], parity: Parity) -> list[str]:
    """Return the breakdowns of the comparison that are not said of a column already."""
    ours = tuple(f"{column.name}: " for column in columns)
    return [text for text in parity.breakdowns if not text.startswith(ours)]


def _reasons(columns: Sequence[ColumnRow], verdict: Verdict) -> list[str]:
    found = [(c.name, c.judgement) for c in columns if c.judgement and c.verdict is verdict]
    # A verdict without a reason would be lost here, and must not.
    return wording.together(
        (name, text) for name, said in found for text in said.reasons or (f"the verdict is {verdict}",)
    )


def _arguments(reports: Mapping[str, ConformanceReport]) -> Iterator[LiveArgument]:
    """Return the lockdown arguments of all columns; of each report only what was live, not what it compared with."""
    for environment in dict.fromkeys(name for report in reports.values() for name in report.lockdown_arguments):
        # A platform that never stood set nothing that could be compared.
        stood = {name: report for name, report in reports.items() if environment in report.lockdown_arguments}
        columns: dict[str, dict[str, dict[str, str]]] = {name: {} for name in stood}
        for name, report in stood.items():
            for row in report.lockdown_arguments[environment]:
                columns[name].setdefault(row.controller, {})[row.flag] = row.values[report.environment.bootstrap]
        controllers = {controller for found in columns.values() for controller in found}
        for seen in lockdown_arguments.table(columns, controllers):
            yield LiveArgument(
                environment=environment, controller=seen.controller, flag=seen.flag, live=dict(seen.values)
            )


def _live(reports: Mapping[str, ConformanceReport]) -> Iterator[LiveRow]:
    places = [
        (environment, row.control)
        for report in reports.values()
        for environment, rows in report.lockdown.items()
        for row in rows
    ]
    for environment, control in dict.fromkeys(places):
        live = {
            name: row.live
            for name, report in reports.items()
            for row in report.lockdown.get(environment, ())
            if row.control == control
        }
        yield LiveRow(environment=environment, control=control, live=live)
