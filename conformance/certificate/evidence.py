"""How the evidence of a check that passed on both releases differs, and in which direction. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from conformance.certificate.schema import Difference, Direction
from conformance.certificate.signals import HARM, Decision, Signal
from conformance.model import Plane
from conformance.report.schema import ResultRow

Place = tuple[str, str]
"""Plane and subject of a signal."""
_PLATFORM = ("system:serviceaccount:flux-system:", "kubernetes-admin", "system:masters", "platform admin")
"""How the names of identities begin that are the platform's own."""
_WORST = (Direction.LOOSER, Direction.INCOMPARABLE, Direction.STRICTER)
_OPENS, _CLOSES = frozenset({Decision.ALLOWED, Decision.FOUND}), frozenset({Decision.DENIED, Decision.NOT_FOUND})
NOTHING = "nothing"


def worst(differences: Iterable[Difference]) -> Direction:
    """Return what the differences say together: looser decides, then what cannot be compared."""
    seen = {difference.direction for difference in differences}
    return next((direction for direction in _WORST if direction in seen), Direction.UNCHANGED)


def differences(
    before: ResultRow, after: ResultRow, old: Sequence[Signal], new: Sequence[Signal]
) -> Iterator[Difference]:
    """Yield what two results of one check do not show alike; both passed."""
    yield from _as_a_whole(before, after)
    one, other = _by_place(old), _by_place(new)
    for place in sorted({*one, *other}):
        yield from _of_place(place, one.get(place, ()), other.get(place, ()), denial=before.denial)


def reworded(old: Sequence[Signal], new: Sequence[Signal]) -> Iterator[str]:
    """Yield what is said in other words for the same reason, by the same identity."""
    one, other = _by_place(old), _by_place(new)
    for place in sorted(one.keys() & other.keys()):
        was, now = ({signal.words for signal in side[place]} for side in (one, other))
        if was != now:
            yield f"{place[1]}: '{_listed(was)}' before, '{_listed(now)}' after"


def _as_a_whole(before: ResultRow, after: ResultRow) -> Iterator[Difference]:
    if _harms(after) and not _harms(before):
        yield _difference("harm", "", "absent", "there", Direction.LOOSER)
    if before.denial != after.denial:
        direction = Direction.LOOSER if before.denial else Direction.STRICTER
        yield _difference("decision", "", _denies(before), _denies(after), direction)
    if lost := set(before.planes) - set(after.planes):
        # No proof of an escape: but what denied is no longer seen to deny.
        seen = (_listed(before.planes), _listed(after.planes))
        yield _difference("planes", f"no longer seen on: {_listed(lost)}", *seen, Direction.INCOMPARABLE)
    if before.fidelity is not after.fidelity:
        yield _difference("evidence", "fidelity", before.fidelity, after.fidelity, Direction.INCOMPARABLE)


def _of_place(place: Place, old: Sequence[Signal], new: Sequence[Signal], *, denial: bool) -> Iterator[Difference]:
    plane, subject = place
    if not old or not new:
        looser = Decision.FOUND in _decisions(new) or (denial and _let_in(new))
        direction = Direction.LOOSER if looser else Direction.INCOMPARABLE
        yield _difference("evidence", f"{subject} ({plane})", _shown(old), _shown(new), direction)
        return
    was, now = _decisions(old), _decisions(new)
    if was != now:
        yield _difference("decision", subject, _listed(was), _listed(now), _decided(was, now))
        return
    was_by, now_by = ({signal.identity for signal in side} for side in (old, new))
    for who in sorted(was_by & now_by):
        of_one = ([signal for signal in side if signal.identity == who] for side in (old, new))
        yield from _of_identity(f"{subject} as {who}" if len(was_by | now_by) > 1 else subject, *of_one)
    if was_by != now_by:
        gone = [signal for signal in old if signal.identity not in now_by]
        came = [signal for signal in new if signal.identity not in was_by]
        direction = _acting(plane, was_by, now_by)
        if gone and came:
            yield from _of_identity(subject, gone, came)
        elif denial and _let_in(came):
            direction = Direction.LOOSER
        yield _difference("identity", subject, _listed(was_by), _listed(now_by), direction)


def _of_identity(subject: str, old: Sequence[Signal], new: Sequence[Signal]) -> Iterator[Difference]:
    """Yield what became otherwise of the same requests by the same identity; both sides have some."""
    was, now = _decisions(old), _decisions(new)
    first, last = old[-1].decision, new[-1].decision
    if was != now:
        yield _difference("decision", subject, _listed(was), _listed(now), _decided(was, now))
    elif first != last:
        # What counts is what stays: a request that is let in at last is in.
        yield _difference("decision", f"{subject}, in the end", first, last, _decided({first}, {last}))
    was_for, now_for = _reasons(old), _reasons(new)
    if was == now and was_for != now_for:
        yield _difference("reason", subject, _listed(was_for), _listed(now_for), Direction.INCOMPARABLE)


def _let_in(signals: Sequence[Signal]) -> bool:
    """Whether somebody who is not the platform was allowed something; a condition does not tell whose rights."""
    asked = [s for s in signals if s.identity and s.plane != Plane.CONDITION and not s.identity.startswith(_PLATFORM)]
    return any(signal.decision is Decision.ALLOWED for signal in asked)


def _decisions(signals: Sequence[Signal]) -> set[Decision]:
    return {signal.decision for signal in signals}


def _decided(was: set[Decision], now: set[Decision]) -> Direction:
    """Return what another set of decisions means: whatever is allowed for the first time, or no longer denied.

    What must not be, and is found for the first time, is looser; the other way round it is stricter.
    """
    if (now - was) & _OPENS or (was - now) & _CLOSES:
        return Direction.LOOSER
    if (now - was) & _CLOSES or (was - now) & _OPENS:
        return Direction.STRICTER
    return Direction.INCOMPARABLE


def _acting(plane: str, was: set[str], now: set[str]) -> Direction:
    """Return what another identity means: the platform's own can do what a tenant's cannot."""
    old, new = (any(name.startswith(_PLATFORM) for name in side) for side in (was, now))
    # A condition names the account of its spec only, not whose rights were used.
    if plane == Plane.CONDITION or old == new:
        return Direction.INCOMPARABLE
    return Direction.LOOSER if new else Direction.STRICTER


def _reasons(signals: Sequence[Signal]) -> set[str]:
    """Return the reasons of what was denied; for what reason something is allowed is no matter of isolation."""
    return {signal.reason for signal in signals if signal.decision is Decision.DENIED}


def _by_place(signals: Sequence[Signal]) -> Mapping[Place, Sequence[Signal]]:
    """Return the signals of each place, in order."""
    places: dict[Place, list[Signal]] = {}
    for signal in signals:
        places.setdefault((signal.plane, signal.subject), []).append(signal)
    return places


def _harms(row: ResultRow) -> bool:
    return any(file.kind == HARM for file in row.evidence)


def _denies(row: ResultRow) -> str:
    return "something is denied" if row.denial else "nothing is denied"


def _shown(signals: Sequence[Signal]) -> str:
    return _listed(f"{signal.decision} {signal.reason}".strip() for signal in signals)


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(sorted(set(map(str, texts)))) or NOTHING


def _difference(aspect: str, subject: str, before: str, after: str, direction: Direction) -> Difference:
    return Difference(aspect=aspect, subject=subject, before=str(before), after=str(after), direction=direction)
