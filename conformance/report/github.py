"""What GitHub shows of a run: annotations on the job, and the step summary."""

from collections.abc import Iterable, Iterator, Sequence

from conformance.model import Kill
from conformance.report import combined_page, terminal, wording
from conformance.report.combined_schema import CombinedReport
from conformance.report.markdown import cell, fenced
from conformance.report.schema import ConformanceReport, ResultRow

SHOWN_ANNOTATIONS = 10
"""GitHub shows ten annotations of a kind for each step and drops the rest without a word."""
SUMMARY_BYTES = 1024 * 1024 - 1
"""GitHub refuses a step summary of more than 1 MiB as a whole."""
_CELLS = {
    "limit-open": "limit open",
    "limit-closed": "**limit closed**",
    "simulated": "≈ simulated",
    "failed": "**failed**",
    "error": "_error_",
}


def annotations(report: ConformanceReport | CombinedReport) -> list[str]:
    """Return workflow commands: findings, then what could not be judged, then blind mutants; at most ten errors."""
    if isinstance(report, CombinedReport):
        found, closed = list(combined_page.errors(report)), combined_page.closed(report)
    else:
        found, closed = list(_errors(report)), wording.closed(report)
    lines = [_command("error", title, text) for title, text in found[:SHOWN_ANNOTATIONS]]
    lines += [_command("warning", "documented limit closed", text) for text in closed[:SHOWN_ANNOTATIONS]]
    if len(found) > SHOWN_ANNOTATIONS:
        more = f"and {len(found) - SHOWN_ANNOTATIONS} more: see the step summary and report.html"
        lines.append(_command("notice", "flux-tenancy-conformance", more))
    return lines


def step_summary(report: ConformanceReport | CombinedReport, *, artifact: str = "", limit: int = SUMMARY_BYTES) -> str:
    """Return the Markdown of GITHUB_STEP_SUMMARY, cut between blocks where it would pass the limit in bytes.

    `artifact` is the address of the uploaded report.
    """
    if isinstance(report, CombinedReport):
        return _cut(combined_page.blocks(report, artifact), limit)
    return _cut(_blocks(report, artifact), limit)


def _cut(blocks: Iterable[str], limit: int) -> str:
    cut = "\n\n_Cut here: the rest is in report.html._\n"
    text, room = "", limit - len(cut.encode())
    for block in blocks:
        if len((text + block).encode()) > room:
            return text + cut
        text += block
    return text


def _errors(report: ConformanceReport) -> Iterator[tuple[str, str]]:
    for row in report.results:
        if wording.is_finding(row):
            yield f"{row.key} in {row.environment}", wording.failure_block(row)
    for text in report.breakdowns:
        yield "not a finding", f"{wording.NOT_A_FINDING} {text}"
    for row in report.results:
        if wording.is_breakdown(row) and row.judged:
            yield f"{row.key} in {row.environment} (not a finding)", wording.failure_block(row)
    for name in report.summary.missing:
        yield f"{name} (not a finding)", f"{wording.NOT_A_FINDING} {name} was collected and has no result"
    for mutant in report.mutants:
        if mutant.result is not Kill.KILLED:
            yield f"mutant {mutant.id}", wording.mutant_line(mutant)


def _command(kind: str, title: str, text: str) -> str:
    escaped = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={escaped}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _blocks(report: ConformanceReport, artifact: str) -> Iterator[str]:
    yield f"## Tenant isolation of Flux {cell(report.subject.flux_version)}: {wording.qualified(report)}\n\n"
    environment = report.environment
    yield (
        f"{wording.VERDICTS[report.verdict]} Kubernetes {cell(environment.kubernetes)}, provider "
        f"{cell(environment.provider)}, bootstrap {cell(environment.bootstrap)}, profile {report.profile.name}.\n\n"
    )
    if artifact:
        yield f"[Report and evidence]({artifact})\n\n"
    yield from _list("Documented limits closed: review their rows", wording.closed(report))
    yield from _list("Why", report.judgement.reasons)
    yield from _list("Reservations", report.judgement.provisional_reasons)
    yield from _list("In numbers", _numbers(report))
    yield from _matrix(report)
    shown = [row for row in report.results if wording.is_finding(row) or wording.is_breakdown(row)]
    if shown:
        yield "### Failures and breakdowns\n\n"
    for row in shown:
        yield f"{fenced(wording.failure_block(row))}\n\n"
    yield from _list("Outside the profile", wording.outside(report))
    limits = [f"{row.key} in {row.environment}: {row.reading}: {row.statement}" for row in wording.limits(report)]
    yield from _list("Documented limits", limits)
    if report.mutants:
        yield f"### Mutants\n\n{fenced(terminal.mutants(report))}\n\n"


def _numbers(report: ConformanceReport) -> list[str]:
    judged = report.summary.judged
    said = [f"{judged.passed} of {judged.total} judged checks passed", wording.planes(report)]
    said += [text for _, text in wording.mutation(report) if report.mutants]
    said += [text for _, text in wording.scope(report)] + wording.rounds(report)
    return [text for text in said if text]


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"### {title}\n\n"
        yield from (f"- {cell(item)}\n" for item in items)
        yield "\n"


def _matrix(report: ConformanceReport) -> Iterator[str]:
    environments = report.environment.environments
    seen: dict[str, dict[str, ResultRow]] = {}
    for row in report.results:
        seen.setdefault(row.key, {})[row.environment] = row
    if not seen:
        return
    heads = "".join(f" {environment} |" for environment in environments)
    yield f"### Checks\n\n| check | statement | level |{heads}\n|---|---|---|{'---|' * len(environments)}\n"
    for key, rows in sorted(seen.items()):
        first = next(iter(rows.values()))
        cells = "".join(f" {_state(rows.get(environment))} |" for environment in environments)
        yield f"| {cell(key)} | {cell(first.statement)} | {first.level} |{cells}\n"
    yield "\n"


def _state(row: ResultRow | None) -> str:
    if row is None:
        return ""
    state = wording.state(row)
    return _CELLS.get(state, state)
