"""The timeline of an upgrade as a picture: a lane for each kind of attack, and what controllers did below them."""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.report.charts import Label
from conformance.report.schema import ConformanceReport
from conformance.report.upgrade_schema import AttackRow, UpgradeRow
from conformance.report.upgrades import changes, title
from conformance.timeline import Fate

_LANE_H, _TOP, _LEFT, _WIDTH, _RIGHT = 26, 22, 200, 820, 60
_MARK_H, _TICK_W, _EVERY_S = 16, 3.0, 10
_STATES = {Fate.DENIED: "passed", Fate.PENDING: "error", Fate.PASSED: "failed"}
"""Fate of an attack -> the colour that means good, unjudged or bad in the whole report."""


@dataclass(frozen=True, slots=True)
class Span:
    """One attack, from its submission to its judgement."""

    x: float
    y: float
    width: float
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A moment at which a controller ended, started or served."""

    x: float
    y: float
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """One upgrade."""

    title: str
    facts: Sequence[tuple[str, str]]
    width: float
    height: float
    lanes: Sequence[Label]
    ticks: Sequence[Label]
    spans: Sequence[Span]
    lines: Sequence[Line]
    began: float
    """Where the upgrade was asked for, and where the platform ran it."""
    ended: float
    bottom: float


def timelines(report: ConformanceReport) -> list[Timeline]:
    """Return a picture for each upgrade that had attacks."""
    return [_timeline(block) for block in report.upgrades if block.attacks]


def _timeline(block: UpgradeRow) -> Timeline:
    moments = [one.judged if one.judged is not None else one.at for one in block.attacks]
    first, last = min(one.at for one in block.attacks), max([*moments, *(one.at for one in block.marks), 0.0])
    scale = _WIDTH / max(last - first, 1.0)

    def at(moment: float) -> float:
        return _LEFT + (min(max(moment, first), last) - first) * scale

    kinds = [one.kind for one in block.kinds]
    names = sorted({one.controller for one in block.marks})
    below = _TOP + len(kinds) * _LANE_H + 6
    lanes = [Label(0, _TOP + n * _LANE_H + 16, name) for n, name in enumerate(kinds)]
    lanes += [Label(0, below + n * _MARK_H + 11, name) for n, name in enumerate(names)]
    spans = [
        _span(one, at(one.at), at(_end(one, last)), _TOP + kinds.index(one.kind) * _LANE_H) for one in block.attacks
    ]
    lines = [
        Line(
            at(one.at),
            below + names.index(one.controller) * _MARK_H,
            one.act.value,
            _said_of(one.at, f"{one.controller} {one.version} {one.act}"),
        )
        for one in block.marks
    ]
    seconds = range(int(first // _EVERY_S + 1) * _EVERY_S, int(last) + 1, _EVERY_S)
    return Timeline(
        title=title(block),
        facts=changes(block),
        width=_LEFT + _WIDTH + _RIGHT,
        height=below + max(len(names), 1) * _MARK_H + 4,
        lanes=lanes,
        ticks=[Label(at(second), 12, f"{second:+d} s" if second else "0 s") for second in seconds],
        spans=spans,
        lines=lines,
        began=at(0.0),
        ended=at(block.seconds if block.seconds is not None else last),
        bottom=below + len(names) * _MARK_H,
    )


def _end(one: AttackRow, last: float) -> float:
    return last if one.judged is None else one.judged


def _span(one: AttackRow, left: float, right: float, y: float) -> Span:
    title = _said_of(one.at, f"{one.target} {one.fate}: {one.said}")
    return Span(left, y, max(_TICK_W, right - left), _STATES[one.fate], title)


def _said_of(at: float, text: str) -> str:
    return f"{at:+.1f} s: {text}"
