"""The summary on the terminal: phases, checks by area, failures, verdict; complete without colour."""

from collections import Counter
from collections.abc import Iterable, Sequence

from conformance.model import Environment, Kill, Verdict
from conformance.report import upgrades, wording
from conformance.report.schema import ConformanceReport, PhaseRow, ResultRow

_RED, _GREEN, _YELLOW, _BOLD, _OFF = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
_TINTS = {Verdict.CONFORMANT: _GREEN, Verdict.NON_CONFORMANT: _RED, Verdict.INCONCLUSIVE: _YELLOW}
_STATES = ("passed", "simulated", "failed", "error", "skipped", "unsupported", "limit-open", "limit-closed")
_WORDS = {"limit-open": "limit open", "limit-closed": "limit closed"}
_REASONS = 12
"""How many reasons the verdict names; report.yaml has them all."""


def summary(report: ConformanceReport, *, folder: str = "", color: bool = False) -> str:
    """Return the whole closing text of a run.

    `folder` is where the report lies, as the user should type it. Colour adds nothing to the words: findings are red,
    breakdowns yellow.
    """
    blocks = [
        phases(report),
        slowest(report),
        checks(report),
        network(report),
        failures(report, color=color),
        mutants(report),
        upgraded(report),
    ]
    blocks += [closed(report, color=color), verdict(report, folder=folder, color=color)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def phases(report: ConformanceReport) -> str:
    """Return the phases with their length."""
    width = max((len(phase.name) for phase in report.phases), default=0)
    place = max((len(phase.environment) for phase in report.phases), default=0)
    lines = [_phase(phase, place, width) for phase in report.phases]
    return "\n".join(["phases", *lines]) if lines else ""


def slowest(report: ConformanceReport) -> str:
    """Return the checks that took longest."""
    rows = report.summary.slowest
    width = max((len(row.key) for row in rows), default=0)
    place = max((len(row.environment) for row in rows), default=0)
    lines = [f"  {r.environment:<{place}}  {r.key:<{width}}  {wording.seconds(r.seconds):>12}" for r in rows]
    return "\n".join(["slowest checks", *lines]) if lines else ""


def checks(report: ConformanceReport) -> str:
    """Return the table of checks by area and environment."""
    if not report.results:
        return ""
    environments = report.environment.environments
    areas = sorted({wording.area(row) for row in report.results})
    table = [["checks", *environments]]
    for area in areas:
        cells = [_tally(_of(report.results, area, environment)) for environment in environments]
        table.append([f"  {area}  {wording.AREAS.get(area, 'other')}", *cells])
    return columns(table)


def network(report: ConformanceReport) -> str:
    """Return the connections that were opened: expected beside observed beside computed."""
    seen = [(row, cell) for row in report.results for cell in row.cells if cell.observed]
    if not seen:
        return ""
    table = [["network", "from", "to", "expected", "observed", "computed"]]
    for row, cell in seen:
        where = f"{cell.target} {cell.port}/{cell.protocol}"
        table.append(
            [f"  {row.environment}  {row.id}", cell.source, where, cell.expected, cell.observed, cell.computed]
        )
    return columns(table)


def failures(report: ConformanceReport, *, color: bool = False) -> str:
    """Return every finding, then every breakdown, each with what was wanted and how to run it again."""
    findings = [row for row in report.results if wording.is_finding(row)]
    broken = [row for row in report.results if wording.is_breakdown(row)]
    blocks = [_tinted(wording.failure_block(row), _RED, color) for row in findings]
    blocks += [_tinted(wording.failure_block(row), _YELLOW, color) for row in broken]
    blocks += [_tinted(f"{wording.NOT_A_FINDING} {text.strip()}", _YELLOW, color) for text in report.breakdowns]
    return "\n\n".join(blocks)


def mutants(report: ConformanceReport) -> str:
    """Return how many mutants were killed and how precisely, and a line for each that says otherwise."""
    if not report.mutants:
        return ""
    lines = [f"mutants  {'; '.join(text for _, text in wording.mutation(report))}"]
    wrong = [row for row in report.mutants if row.result is not Kill.KILLED or wording.false_kills(row)]
    return "\n".join([*lines, *(f"  {wording.mutant_line(row)}" for row in wrong)])


def upgraded(report: ConformanceReport) -> str:
    """Return what each upgrade changed, and what became of the attacks during it."""
    return "\n\n".join(
        "\n".join(f"{'  ' if n else ''}{name:<9} {text}" for n, (name, text) in enumerate(upgrades.changes(block)))
        for block in report.upgrades
    )


def closed(report: ConformanceReport, *, color: bool = False) -> str:
    """Return a block for the documented limits that are gone, which nobody may overlook."""
    lines = wording.closed(report)
    text = "\n".join([f"LIMITS CLOSED  {len(lines)}: Flux now does what its rows say that it does not", *lines])
    return _tinted(text.replace("\n", "\n  "), _BOLD + _YELLOW, color) if lines else ""


def verdict(report: ConformanceReport, *, folder: str = "", color: bool = False) -> str:
    """Return the verdict with its reasons, the documented limits, and where the report lies."""
    lines = [f"verdict  {wording.qualified(report)}"]
    reasons = report.judgement.reasons
    lines += [f"  {'because' if number == 0 else '':<9} {text}" for number, text in enumerate(reasons[:_REASONS])]
    if len(reasons) > _REASONS:
        lines.append(f"  {'':<9} and {len(reasons) - _REASONS} more in report.yaml")
    lines += [_line("but", text) for text in report.judgement.provisional_reasons]
    lines.append(_line("judged", _judged(report)))
    lines += [_line("planes", text) for text in [wording.planes(report)] if text]
    lines += [_line(name, text) for name, text in wording.scope(report)]
    lines += [_line("rounds", text) for text in wording.rounds(report)]
    lines += [_line("outside", text) for text in wording.outside(report)]
    lines += [_line("limits", text) for text in _limits(report)]
    lines += [_line("note", text) for text in report.notes]
    if folder:
        lines.append(_line("report", f"{folder.rstrip('/')}/report.html"))
    return _tinted("\n".join(lines), _BOLD + _TINTS[report.verdict], color)


def columns(table: Sequence[Sequence[str]]) -> str:
    """Return a table with its columns aligned; empty: nothing."""
    if not table:
        return ""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join("   ".join(map(str.ljust, line, widths)).rstrip() for line in table)


def _line(name: str, text: str) -> str:
    return f"  {name:<9} {text}"


def _phase(phase: PhaseRow, place: int, width: int) -> str:
    return f"  {phase.environment:<{place}}  {phase.name:<{width}}  {wording.seconds(phase.seconds):>12}"


def _of(rows: Iterable[ResultRow], area: str, environment: Environment) -> list[ResultRow]:
    return [row for row in rows if wording.area(row) == area and row.environment is environment]


def _tally(rows: Sequence[ResultRow]) -> str:
    counts = Counter(wording.state(row) for row in rows)
    return ", ".join(f"{counts[state]} {_WORDS.get(state, state)}" for state in _STATES if counts[state]) or "-"


def _judged(report: ConformanceReport) -> str:
    judged = report.summary.judged
    of = f" of {report.suite.catalog_size}" if report.suite.catalog_size else ""
    return (
        f"{judged.passed} passed, {judged.failed} failed, "
        f"{judged.error + judged.skipped + judged.unsupported + len(report.summary.missing)} not judged; "
        f"profile {report.profile.name}, {report.suite.selected}{of} checks of the catalog"
    )


def _limits(report: ConformanceReport) -> list[str]:
    places: dict[tuple[str, str, str], list[str]] = {}
    for row in wording.limits(report):
        places.setdefault((row.key, row.reading, row.statement), []).append(row.environment)
    return [f"{key} in {', '.join(at)}: {said} ({what})" for (key, said, what), at in sorted(places.items())]


def _tinted(text: str, tint: str, color: bool) -> str:
    # Only the first line: what follows is meant to be copied.
    first, newline, rest = text.partition("\n")
    return f"{tint}{first}{_OFF}{newline}{rest}" if color else text
