"""The network as a picture: one row for each connection, with what was expected, observed and computed beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.model import Outcome, Reach, Seen
from conformance.report.charts import Cell, Label, anchor
from conformance.report.schema import CellRow, ConformanceReport, ResultRow

_ROW_H, _HEAD_H, _CELL_W, _GAP = 21, 26, 92, 10
_CHECK_W, _TEXT_W = 54, 520
_HEADS = ("expected", "observed", "computed")


@dataclass(frozen=True, slots=True)
class Picture:
    """The connections of one environment."""

    title: str
    width: float
    height: float
    cell_width: float
    cell_height: float
    cells: Sequence[Cell]
    heads: Sequence[Label]
    checks: Sequence[Label]
    labels: Sequence[Label]


def pictures(report: ConformanceReport) -> list[Picture]:
    """Return a picture for each environment in which connections were judged."""
    found = []
    for environment in report.environment.environments:
        rows = [row for row in report.results if row.environment is environment and row.cells]
        if rows:
            found.append(_picture(environment, sorted(rows, key=lambda row: row.key)))
    return found


def _picture(title: str, rows: Sequence[ResultRow]) -> Picture:
    cells: list[Cell] = []
    checks: list[Label] = []
    labels: list[Label] = []
    y = float(_HEAD_H)
    for row in rows:
        checks.append(Label(0, y + 15, row.key))
        for cell in row.cells:
            labels.append(Label(_CHECK_W, y + 15, f"{cell.source} → {cell.target} {cell.port}/{cell.protocol}"))
            cells += _of_connection(row, cell, y)
            y += _ROW_H
        y += _GAP
    left = _CHECK_W + _TEXT_W
    heads = [Label(left + (n + 0.5) * _CELL_W, _HEAD_H - 10, head) for n, head in enumerate(_HEADS)]
    return Picture(title, left + len(_HEADS) * _CELL_W, y, _CELL_W, _ROW_H, cells, heads, checks, labels)


def _of_connection(row: ResultRow, cell: CellRow, y: float) -> list[Cell]:
    """Return three fields; one that differs from what was expected is red, or a breakdown's colour."""
    said = f"{row.id} in {row.environment}: {cell.source} to {cell.target}, {cell.port}/{cell.protocol}"
    about = f"{'twin, ' if cell.twin else ''}{cell.decided_by}"
    fields = [
        (cell.expected.value, "expected"),
        (cell.observed.value or "not sent", _observed_state(row, cell)),
        (cell.computed.value, _state(row, right=cell.computed is cell.expected)),
    ]
    left = _CHECK_W + _TEXT_W
    return [
        Cell(left + n * _CELL_W, y, state, f"{said}: {_HEADS[n]} {text}. {about}", anchor(row), text)
        for n, (text, state) in enumerate(fields)
    ]


def _observed_state(row: ResultRow, cell: CellRow) -> str:
    if not cell.observed:
        return "simulated"
    reach = Reach.ALLOWED if cell.observed is Seen.CONNECTED else Reach.DENIED
    return _state(row, right=reach is cell.expected)


def _state(row: ResultRow, *, right: bool) -> str:
    return "passed" if right else "failed" if row.result is Outcome.FAILED else "error"
