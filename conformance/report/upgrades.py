"""An upgrade in the report: from its record to its rows, and what the verdict and a reader are told of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from conformance.report.upgrade_schema import (
    AttackRow,
    ChangedRow,
    KindRow,
    MarkRow,
    MovedRow,
    TwinRow,
    UpgradeRow,
)
from conformance.timeline import ABSENT, Attack, Fate, UpgradeRecord

_DIGITS = 2


def row(record: UpgradeRecord) -> UpgradeRow:
    """Return the block of the report; every time becomes one since the upgrade was asked for."""
    return UpgradeRow(
        environment=record.environment,
        route=record.route,
        source=record.source,
        target=record.target,
        way_back=record.way_back,
        seconds=None if record.ended is None else _since(record, record.ended),
        broke=record.broke,
        kinds=_kinds(record),
        controllers=tuple(
            MovedRow(controller=one.controller, before=one.before, after=one.after, runs=one.runs)
            for one in record.controllers
        ),
        twins=tuple(TwinRow(kind=one.kind, when=one.when, works=one.works, said=one.said) for one in record.twins),
        marks=tuple(
            MarkRow(at=_since(record, one.at), controller=one.controller, act=one.act, version=one.version)
            for one in record.marks
        ),
        checks_changed=_changed({n: (record.before[n], record.after[n]) for n in record.before.keys() & record.after}),
        controls_changed=_changed(record.controls),
        tenant_objects=record.tenant_objects,
        tenants_changed=_changed(record.tenants),
        attacks=tuple(_attack(record, one) for one in record.attacks),
    )


def failures(record: UpgradeRecord) -> Iterator[str]:
    """Yield a reason for each kind of attack that passed, with the first moment, and one for tenants' objects."""
    for kind, attacks in _by_kind(record).items():
        passed = [one for one in attacks if one.fate is Fate.PASSED]
        if passed:
            first = min(passed, key=lambda one: one.judged_at or one.at)
            when = _since(record, first.judged_at or first.at)
            yield (
                f"{_name(record)}: {len(passed)} of {len(attacks)} attacks '{kind}' passed, "
                f"the first at {when:+.1f} s: {_first_line(first.said)}"
            )
    # What is new took nothing from anybody: it is told, and not judged.
    if lost := [name for name, (before, _) in sorted(record.tenants.items()) if before != ABSENT]:
        before, after = record.tenants[lost[0]]
        yield (
            f"{_name(record)}: {len(lost)} of {record.tenant_objects} objects of the fleet's tenants were touched, "
            f"the first {lost[0]}: {before} before, {after} after"
        )


def doubts(record: UpgradeRecord) -> Iterator[str]:
    """Yield what kept isolation from being judged at every moment."""
    name = _name(record)
    if record.broke:
        yield f"{name} was not completed: {_first_line(record.broke)}"
    for kind, attacks in _by_kind(record).items():
        pending = [one for one in attacks if one.fate is Fate.PENDING]
        if pending:
            said = f"{_since(record, pending[0].at):+.1f} s: {_first_line(pending[0].said)}"
            yield f"{name}: {len(pending)} of {len(attacks)} attacks '{kind}' were not judged, the first of {said}"
    for twin in record.twins:
        if not twin.works:
            yield f"{name}: the allowed path of '{twin.kind}' did not work {twin.when} it: {_first_line(twin.said)}"
    yield from _unlooked(record)


def _unlooked(record: UpgradeRecord) -> Iterator[str]:
    """Yield what was never tried: a record without attacks says nothing of isolation."""
    if record.broke:
        return
    if not record.tenant_objects:
        yield f"{_name(record)}: no object of the fleet's tenants was looked at"
    end = record.ended or record.began
    for kind in {twin.kind for twin in record.twins} or {"any"}:
        during = [one for one in record.attacks if kind in (one.kind, "any") and record.began <= one.at <= end]
        if not during:
            yield f"{_name(record)}: no attack '{kind}' was made during it"


def title(block: UpgradeRow) -> str:
    """Return which platform went from where to where."""
    return f"{block.environment}: Flux {block.source} {'back ' if block.way_back else ''}to {block.target}"


def changes(block: UpgradeRow) -> list[tuple[str, str]]:
    """Return the labelled lines that every form of the report shows of an upgrade."""
    took = "never completed" if block.seconds is None else f"in {block.seconds:.1f} s"
    total = Counter(one.fate for one in block.attacks)
    told = ", ".join(f"{total[fate]} {fate}" for fate in Fate)
    waits = ", ".join(f"{one.kind} {one.longest:.1f} s" for one in block.kinds)
    lines = [
        ("way back" if block.way_back else "upgrade", f"{title(block)} {took}, by {block.route}"),
        ("attacks", f"{len(block.attacks)} of {len(block.kinds)} kinds: {told}"),
        ("waits", f"until the slowest denial: {waits}"),
        ("moved", ", ".join(_moved(one) for one in block.controllers if one.before != one.after)),
        ("checks", "; ".join(f"{one.name}: {one.before} before, {one.after} after" for one in block.checks_changed)),
        (
            "controls",
            "; ".join(f"{one.name}: {one.before} before, {one.after} after" for one in block.controls_changed),
        ),
    ]
    lines.append(("tenants", _tenants(block)))
    return [(name, text) for name, text in lines if text]


def _tenants(block: UpgradeRow) -> str:
    if not block.tenants_changed:
        return f"all {block.tenant_objects} objects of the fleet's tenants are untouched"
    said = "; ".join(f"{one.name}: {one.before} before, {one.after} after" for one in block.tenants_changed)
    return f"{len(block.tenants_changed)} of {block.tenant_objects} objects of the fleet's tenants changed: {said}"


def _moved(one: MovedRow) -> str:
    instead = "" if one.runs == one.after else f" (ran as {one.runs})"
    return f"{one.controller} {one.before or 'absent'} to {one.after or 'absent'}{instead}"


def _kinds(record: UpgradeRecord) -> tuple[KindRow, ...]:
    rows = []
    for kind, attacks in _by_kind(record).items():
        fates = Counter(one.fate for one in attacks)
        waits = [one.judged_at - one.at for one in attacks if one.fate is Fate.DENIED and one.judged_at is not None]
        rows.append(
            KindRow(
                kind=kind,
                attacks=len(attacks),
                denied=fates[Fate.DENIED],
                pending=fates[Fate.PENDING],
                passed=fates[Fate.PASSED],
                longest=round(max(waits, default=0.0), _DIGITS),
            )
        )
    return tuple(rows)


def _attack(record: UpgradeRecord, one: Attack) -> AttackRow:
    return AttackRow(
        kind=one.kind,
        target=one.target,
        at=_since(record, one.at),
        judged=None if one.judged_at is None else _since(record, one.judged_at),
        fate=one.fate,
        said=one.said,
        evidence=one.evidence,
    )


def _by_kind(record: UpgradeRecord) -> Mapping[str, Sequence[Attack]]:
    found: dict[str, list[Attack]] = {}
    for one in record.attacks:
        found.setdefault(one.kind, []).append(one)
    return dict(sorted(found.items()))


def _changed(pairs: Mapping[str, tuple[str, str]]) -> tuple[ChangedRow, ...]:
    return tuple(
        ChangedRow(name=name, before=before, after=after)
        for name, (before, after) in sorted(pairs.items())
        if before != after
    )


def _since(record: UpgradeRecord, moment: float) -> float:
    return round(moment - record.began, _DIGITS)


def _name(record: UpgradeRecord) -> str:
    return f"the {'way back' if record.way_back else 'upgrade'} to {record.target} in {record.environment}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
