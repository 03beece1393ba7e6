"""Two reports of one fleet on one platform, with two Flux releases, compared check by check with their evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.certificate import evidence
from conformance.certificate.schema import Change, Comparison, Difference, Direction, Limit
from conformance.certificate.signals import signals
from conformance.certificate.standing_in import seen_through, stood_in
from conformance.errors import InputError
from conformance.model import Level, Outcome
from conformance.report.parity import Place, by_place
from conformance.report.schema import ConformanceReport, ResultRow

_JUDGED = frozenset({Outcome.PASSED, Outcome.FAILED})
_NAMED = 3
"""How many of the checks that not every run selected an error names."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A report, and the folder that its evidence lies in."""

    report: ConformanceReport
    folder: Path

    @property
    def version(self) -> str:
        """The Flux release."""
        return self.report.subject.flux_version


def compare(before: Reported, after: Reported) -> Comparison:
    """Compare two releases, at the level of evidence.

    Raises:
        InputError: the reports differ in more than the release; or evidence is missing, changed or not readable.
    """
    refuse_others(before.report, after.report)
    one, other = by_place(before.report), by_place(after.report)
    places = sorted({*one, *other})
    return Comparison(rows=tuple(_change(place, before, after, one.get(place), other.get(place)) for place in places))


def refuse_others(before: ConformanceReport, after: ConformanceReport) -> None:
    """Refuse reports that differ in more than the Flux release.

    Raises:
        InputError: in the fleet, the platform, the suite, or the checks that were selected.
    """
    if wrong := unlike(before, after):
        raise InputError(
            f"the reports differ in more than the Flux release: {'; '.join(wrong)}",
            hint="certify both releases with the same options and the same suite",
        )
    if odd := sorted(set(before.suite.not_selected) ^ set(after.suite.not_selected)):
        named = ", ".join(odd[:_NAMED]) + (" …" if len(odd) > _NAMED else "")
        raise InputError(
            f"the runs did not select the same checks: {len(odd)} were selected in one of them only ({named})",
            hint="give both runs the same -k",
        )


def unlike(before: ConformanceReport, after: ConformanceReport) -> list[str]:
    """Return what two reports do not have in common and must, in words."""
    one, other = common(before), common(after)
    return [
        f"{name} {one[name] or 'unknown'} and {other[name] or 'unknown'}" for name in one if one[name] != other[name]
    ]


def common(report: ConformanceReport) -> Mapping[str, str]:
    """Return what two reports must have in common, in words."""
    platform = report.environment
    return {
        "fleet": report.subject.fleet,
        "the fleet's files": report.subject.folders_sha256.get("fleet", ""),
        "the tenant's files": report.subject.folders_sha256.get("tenant", ""),
        "provider": platform.provider,
        "bootstrap": platform.bootstrap,
        "Kubernetes": platform.kubernetes,
        "sync": platform.sync,
        "onboarding": platform.onboarding,
        "profile": report.profile.name,
        "environments": ", ".join(platform.environments),
        "suite": report.suite.version,
        "catalog": str(report.suite.catalog_size),
    }


def _change(
    place: Place,
    before: Reported,
    after: Reported,
    old: Sequence[ResultRow] | None,
    new: Sequence[ResultRow] | None,
) -> Change:
    known = (*(new or ()), *(old or ()))
    was, now = _word(before, place[1], old), _word(after, place[1], new)
    found, notes = _compared(before, after, old or (), new or (), (was, now))
    direction = evidence.worst(found)
    lent = tuple(_lent(before, old)) + tuple(_lent(after, new))
    if {was, now} == {Outcome.UNSUPPORTED.value} or (lent and direction is Direction.UNCHANGED):
        direction = Direction.NOT_SHOWN
    level = known[0].level if known else ""
    return Change.model_validate(
        {
            "environment": place[0],
            "key": place[1],
            "statement": known[0].statement if known else "",
            "level": level,
            "direction": direction,
            "limit": _limit(was, now) if level is Level.PROVISIONAL else None,
            "before": was,
            "after": now,
            "differences": found,
            "notes": (*lent, *notes),
        }
    )


def _lent(side: Reported, rows: Sequence[ResultRow] | None) -> Iterator[str]:
    """Yield what of a side's rows was seen through the controllers of another release."""
    lent = stood_in(side.report)
    for name in sorted({name for row in rows or () for name in seen_through(row)} & set(lent)):
        yield f"{name} {lent[name]} stood in for that of Flux {side.version}, of which this row shows nothing"


def _compared(
    before: Reported,
    after: Reported,
    old: Sequence[ResultRow],
    new: Sequence[ResultRow],
    words: tuple[str, str],
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Return what differs between the results of one check, and what only reads otherwise."""
    was, now = words
    if {was, now} == {Outcome.UNSUPPORTED.value}:
        return (), ()
    if len(old) != 1 or len(new) != 1 or not {old[0].result, new[0].result} <= _JUDGED:
        # A second result does not make an escape that was seen a matter of doubt.
        escaped = len(old) == 1 and old[0].result is Outcome.PASSED and Outcome.FAILED in {row.result for row in new}
        return (_result(was, now, Direction.LOOSER if escaped else Direction.INCOMPARABLE),), ()
    one, other = old[0], new[0]
    if _meant(one) != _meant(other):
        return (_result(_meant(one), _meant(other), Direction.INCOMPARABLE, aspect="check"),), ()
    if one.result is not other.result:
        return (_result(was, now, Direction.LOOSER if other.result is Outcome.FAILED else Direction.STRICTER),), ()
    if one.result is Outcome.FAILED:
        return (), ()  # a check that fails stops there: how far each side got says nothing of isolation
    seen, sees = signals(one, before.folder), signals(other, after.folder)
    return tuple(evidence.differences(one, other, seen, sees)), tuple(evidence.reworded(seen, sees))


def _result(was: str, now: str, direction: Direction, aspect: str = "result") -> Difference:
    return Difference(aspect=aspect, subject="", before=was, after=now, direction=direction)


def _meant(row: ResultRow) -> str:
    return f"{row.level}, {row.control}: {row.statement}"


def _word(side: Reported, key: str, rows: Sequence[ResultRow] | None) -> str:
    if rows is None:
        beyond = side.report.beyond.get(key.partition("[")[0])
        return Outcome.UNSUPPORTED.value if beyond else "no result: the check was not collected"
    if len(rows) != 1:
        return f"{len(rows)} results" if rows else "no result"
    return rows[0].result.value


def _limit(was: str, now: str) -> Limit | None:
    turned = {("failed", "passed"): Limit.CLOSES, ("passed", "failed"): Limit.OPENS}
    return turned.get((was, now))
