"""Geometry of the report's pictures; templates/charts.html.j2 draws them. Pure numbers, no markup."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.model import Environment, Outcome
from conformance.report import wording
from conformance.report.schema import ConformanceReport, ResultRow

_SEVERITY = ("failed", "error", "skipped", "unsupported", "limit-closed", "limit-open", "simulated", "passed")
"""The worst of a parametrised check's results stands for all of them."""
PER_LINE = 17
CELL_W, CELL_H, HEAD_H, LINE_GAP = 42, 21, 16, 12
AREA_W, PLACE_W = 250, 76
BAR_H, BAR_LABEL_W, BAR_W, BAR_VALUE_W = 22, 250, 480, 90


@dataclass(frozen=True, slots=True)
class Cell:
    """One coloured field: where it is, its state in a word, and what hovering says."""

    x: float
    y: float
    state: str
    title: str
    anchor: str = ""
    text: str = ""
    """What stands in it in place of the state's symbol."""

    @property
    def symbol(self) -> str:
        """The state without colour."""
        return self.text or wording.SYMBOLS.get(self.state, "?")


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A picture of cells with headings and labels."""

    width: float
    height: float
    cell_width: float
    cell_height: float
    cells: Sequence[Cell]
    areas: Sequence[Label]
    heads: Sequence[Label]
    labels: Sequence[Label]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart of durations."""

    y: float
    length: float
    label: str
    value: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of durations."""

    width: float
    height: float
    bars: Sequence[Bar]


def anchor(row: ResultRow) -> str:
    """Return the id of a result's section in the page."""
    slug = "".join(c if c.isalnum() else "-" for c in row.key).strip("-")
    return f"{row.environment}-{slug}"


def results_matrix(report: ConformanceReport) -> Matrix:
    """Return the checks, by area and wrapped, with one row of cells per environment."""
    environments = report.environment.environments
    cells: list[Cell] = []
    areas: list[Label] = []
    heads: list[Label] = []
    labels: list[Label] = []
    y = 0.0
    for area in sorted({wording.area(row) for row in report.results}):
        ids = sorted({row.id for row in report.results if wording.area(row) == area})
        judged = [row for row in report.results if wording.area(row) == area and row.judged]
        passed = sum(row.result is Outcome.PASSED for row in judged)
        areas.append(Label(0, y + HEAD_H + 15, f"{area}  {wording.AREAS.get(area, 'other')}"))
        labels.append(Label(0, y + HEAD_H + 31, f"{passed} of {len(judged)} judged passed"))
        for start in range(0, len(ids), PER_LINE):
            for column, check in enumerate(ids[start : start + PER_LINE]):
                x = AREA_W + PLACE_W + column * CELL_W
                heads.append(Label(x + CELL_W / 2, y + 11, check))
                cells += _of_check(report, check, environments, x, y + HEAD_H)
            labels += [Label(AREA_W, y + HEAD_H + n * CELL_H + 14, name) for n, name in enumerate(environments)]
            # Two lines of text stand on the left, also where there is one environment.
            y += HEAD_H + max(len(environments) * CELL_H, 34) + LINE_GAP
    return Matrix(AREA_W + PLACE_W + PER_LINE * CELL_W, max(y, 1), CELL_W, CELL_H, cells, areas, heads, labels)


def _of_check(
    report: ConformanceReport, check: str, environments: Sequence[Environment], x: float, y: float
) -> Iterable[Cell]:
    for n, environment in enumerate(environments):
        rows = [row for row in report.results if row.id == check and row.environment is environment]
        if rows:
            worst = min(rows, key=lambda row: _SEVERITY.index(wording.state(row)))
            many = f" ({len(rows)} parameters)" if len(rows) > 1 else ""
            title = f"{check} in {environment}: {worst.reading}{many}. {worst.statement}"
            yield Cell(x, y + n * CELL_H, wording.state(worst), title, anchor(worst))


def phase_bars(report: ConformanceReport) -> Bars:
    """Return the phases as bars, in the order in which they ran."""
    return _bars((f"{p.environment}  {p.name}".strip(), p.seconds, "") for p in report.phases)


def slowest_bars(report: ConformanceReport) -> Bars:
    """Return the slowest checks as bars."""
    anchors = {(row.key, row.environment): anchor(row) for row in report.results}
    rows = report.summary.slowest
    return _bars((f"{r.key}  {r.environment}", r.seconds, anchors.get((r.key, r.environment), "")) for r in rows)


def _bars(rows: Iterable[tuple[str, float, str]]) -> Bars:
    known = list(rows)
    longest = max((value for _, value, _ in known), default=0) or 1
    bars = [
        Bar(n * BAR_H, max(1.5, value / longest * BAR_W), name, wording.seconds(value), link)
        for n, (name, value, link) in enumerate(known)
    ]
    return Bars(BAR_LABEL_W + BAR_W + BAR_VALUE_W, max(len(bars) * BAR_H, 1), bars)
