"""A combined report in words: the closing text on the terminal, Markdown for people, and what GitHub shows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from conformance.model import Verdict
from conformance.report import parity_page, terminal, wording
from conformance.report.combined_schema import ColumnRow, CombinedReport, Relation, Row, Side
from conformance.report.markdown import cell, table

_REASONS = 12
"""How many reasons the verdict names on a terminal; report.yaml has them all."""
_LOST = "no report"


def summary(report: CombinedReport, *, folder: str = "") -> str:
    """Return the closing text: checks by area, the columns, what differs, and the verdict.

    `folder` is where the report lies, as the user should type it.
    """
    blocks = [terminal.columns(checks(report)), terminal.columns(_columns(report))]
    blocks += ["\n".join(parity_page.differences(report)).strip(), _verdict(report, folder)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def checks(report: CombinedReport) -> list[list[str]]:
    """Return the table of results by area (rows), and column and environment (columns)."""
    places = [(column.name, environment) for environment in report.environments for column in report.columns]
    letters = sorted({row.key[:1] for row in report.parity.rows})
    heads = ["checks", *(f"{name}, {environment}" for name, environment in places)]
    found = {place: list(_sides(report.parity.rows, *place)) for place in places}
    lines = [
        [f"  {letter}  {wording.AREAS.get(letter, 'other')}", *(_tally(found[place], letter) for place in places)]
        for letter in letters
    ]
    return [heads, *lines] if lines else []


def _sides(rows: Iterable[Row], column: str, environment: str) -> Iterator[tuple[str, Side]]:
    for row in rows:
        if row.environment == environment:
            yield from ((row.key[:1], side) for side in row.sides if side.column == column)


def _tally(sides: Iterable[tuple[str, Side]], letter: str) -> str:
    said = Counter(parity_page.state(side) or "no result" for area, side in sides if area == letter)
    return ", ".join(f"{times} {word}" for word, times in said.most_common()) or "-"


def _columns(report: CombinedReport) -> list[list[str]]:
    lines = [
        [f"  {column.name}", _word(column), judged(column), wording.seconds(column.seconds) if column.seconds else ""]
        for column in report.columns
    ]
    return [["columns", "verdict", "judged", "took"], *lines]


def _word(column: ColumnRow) -> str:
    if column.verdict is None or column.judgement is None:
        return _LOST
    return f"{column.verdict}{' (provisional)' if column.judgement.provisional else ''}"


def judged(column: ColumnRow) -> str:
    """Return a column's numbers; of one without a report, why it has none."""
    if column.verdict is None:
        return column.lost
    seen = column.judged
    of = f" of {column.catalog_size}" if column.catalog_size else ""
    return (
        f"{seen.passed} passed, {seen.failed} failed, "
        f"{seen.error + seen.skipped + seen.unsupported + column.missing} not judged; {column.selected}{of} checks"
        f"{_mutants(column)}"
    )


def _mutants(column: ColumnRow) -> str:
    seen = column.mutants
    return f"; {seen.killed} of {seen.total} mutants killed" if seen.total else ""


def _verdict(report: CombinedReport, folder: str) -> str:
    said, lines = report.judgement, [f"verdict  {title(report)}"]
    lines += [_line("" if number else "because", text) for number, text in enumerate(said.reasons[:_REASONS])]
    if len(said.reasons) > _REASONS:
        lines.append(_line("", f"and {len(said.reasons) - _REASONS} more in report.yaml"))
    lines += [_line("but", text) for text in said.provisional_reasons]
    lines += [_line(name, text) for name, text in parity_page.numbers(report)]
    lines += [_line("scope", text) for text in scope(report)]
    lines += [_line("limits", text) for text in closed(report)]
    lines += [_line("note", text) for text in notes(report)]
    return "\n".join([*lines, *([_line("report", f"{folder.rstrip('/')}/report.html")] if folder else [])])


def title(report: CombinedReport) -> str:
    """Return the verdict, and whether it is provisional."""
    return f"{report.verdict}{' (provisional)' if report.judgement.provisional else ''}"


def scope(report: CombinedReport) -> list[str]:
    """Return what was simulated and what lies beyond a platform, each text once with the columns that say it."""
    return _together(report.columns, "scope")


def notes(report: CombinedReport) -> list[str]:
    """Return the notes of the columns, and what is said of the combined report itself."""
    return [*_together(report.columns, "notes"), *report.notes]


def closed(report: CombinedReport) -> list[str]:
    """Return the documented limits that are gone, with the columns that saw it."""
    return _together(report.columns, "closed")


def _together(columns: Sequence[ColumnRow], field: str) -> list[str]:
    return wording.together((column.name, text) for column in columns for text in getattr(column, field))


def markdown(report: CombinedReport, *, artifact: str = "") -> str:
    """Return report.md, which is the step summary too; `artifact` is the address of the uploaded report."""
    return "".join(blocks(report, artifact))


def blocks(report: CombinedReport, artifact: str = "") -> Iterator[str]:
    """Return the blocks of the page, what matters most first: where there is a limit, it is cut between two."""
    yield f"## Tenant isolation of Flux {cell(report.flux_version or 'unknown')}: {title(report)}\n\n"
    yield f"{VERDICTS[report.verdict]} {parity_page.ANSWERS[report.parity.answer]}\n\n"
    if artifact:
        yield f"[Reports and evidence]({artifact})\n\n"
    heads = ("column", "provider", "bootstrap", "Kubernetes", "verdict", "judged")
    lines = [(c.name, c.provider, c.bootstrap, c.kubernetes, _word(c), judged(c)) for c in report.columns]
    yield f"{table(heads, lines)}\n\n"
    for heading, items in (
        ("Documented limits closed: review their rows", closed(report)),
        ("Why", report.judgement.reasons),
        ("Reservations", report.judgement.provisional_reasons),
        ("Scope", scope(report)),
        ("Notes", notes(report)),
    ):
        if items:
            yield f"### {heading}\n\n" + "".join(f"- {cell(item)}\n" for item in items) + "\n"
    if found := checks(report):
        yield f"### Checks\n\n{table(found[0], found[1:])}\n\n"
    yield f"### Parity: {report.parity.answer}\n\n"
    for block in parity_page.comparison(report):
        yield f"{'#' if block.startswith('## ') else ''}{block}\n\n"


VERDICTS = {
    Verdict.CONFORMANT: "Every judged check passed in every column.",
    Verdict.NON_CONFORMANT: "At least one isolation property does not hold, or not in every column.",
    Verdict.INCONCLUSIVE: "Something could not be judged or compared; this is not a finding, and not a pass.",
}


def errors(report: CombinedReport) -> Iterator[tuple[str, str]]:
    """Return title and text of what annotations show: differences, what failed in a column, and what is not known."""
    for row in report.parity.of(Relation.DIFFERENT):
        yield f"{parity_page.where(row)} differs", parity_page.said_of(row)
    for column in report.columns:
        for text in column.judgement.reasons if column.judgement else ():
            doubt = "" if column.verdict is Verdict.NON_CONFORMANT else f"{wording.NOT_A_FINDING} "
            yield f"{column.name}: {column.verdict}", f"{doubt}{text}"
        if column.lost:
            yield f"{column.name} (not a finding)", f"{wording.NOT_A_FINDING} {column.lost}"
    for row in report.parity.of(Relation.NOT_COMPARED):
        yield (
            f"{parity_page.where(row)} (not a finding)",
            f"{wording.NOT_A_FINDING} not compared: {parity_page.said_of(row)}",
        )


def _line(name: str, text: str) -> str:
    return f"  {name:<9} {text}"
