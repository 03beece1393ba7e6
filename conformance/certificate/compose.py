"""From two reports, the surface and an upgrade to the certificate: a pure function that fails closed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.certificate import what_ran
from conformance.certificate.compare import Reported, compare, unlike
from conformance.certificate.reproduce import command
from conformance.certificate.schema import (
    Answer,
    Certificate,
    Change,
    Comparison,
    Direction,
    InPlace,
    Limit,
    Platform,
    Release,
    SurfaceBlock,
)
from conformance.certificate.surfaces import Surfaces, block
from conformance.errors import InputError
from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.surface import compare as compare_surfaces

BEFORE, AFTER, UPGRADE = "before", "after", "upgrade"
"""Folders of the reports, below the certificate."""
NOT_IN_PLACE = "no running platform was upgraded for this certificate (--upgrade)"
"""A reservation: two platforms that were set up anew say nothing of the minutes in between."""
_COMPARED = frozenset({Direction.UNCHANGED, Direction.STRICTER, Direction.LOOSER})
_NAMED = 5
"""How many entries of new surface a reason names before it only counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a certificate is made of."""

    before: Reported
    after: Reported
    before_sha256: str
    """Of its report.yaml."""
    after_sha256: str
    surfaces: Surfaces | None
    """None: what the releases have could not be read."""
    upgrade: Reported | None = None
    upgrade_sha256: str = ""


def compose(given: Given) -> Certificate:
    """Return the certificate of an upgrade.

    Raises:
        InputError: the inputs do not belong together, or evidence is missing, changed or not readable.
    """
    before, after = given.before, given.after
    if before.version == after.version:
        raise InputError(f"both reports are of Flux {after.version}", hint="give reports of two releases")
    comparison, surface = compare(before, after), _surface(given)
    upgrade = _in_place(given)
    looser = (*_looser(comparison), *(upgrade.failures if upgrade else ()))
    doubts = (*_doubts(given, comparison), *_of_surface(surface), *(upgrade.doubts if upgrade else ()))
    answer = Answer.NO if looser else Answer.INCONCLUSIVE if doubts else Answer.YES
    return Certificate(
        may_upgrade=answer,
        exit_code=answer.exit_code,
        reasons=(*looser, *doubts),
        provisional_reasons=tuple(_reservations(given, surface, comparison)),
        before=_release(before, BEFORE, given.before_sha256),
        after=_release(after, AFTER, given.after_sha256),
        platform=_platform(after.report),
        comparison=comparison,
        surface=surface,
        upgrade=upgrade,
        reproduce=command(before.report, after.report, given.upgrade.report if given.upgrade else None),
    )


def where(row: Change) -> str:
    """Return `key in environment`."""
    return f"{row.key} in {row.environment}"


def why(row: Change) -> str:
    """Return what decides a row's direction, in words."""
    said = [d for d in row.differences if d.direction is row.direction] or row.differences
    return "; ".join(f"{d.aspect} {d.subject}".strip() + f": {d.before} before, {d.after} after" for d in said)


def _looser(comparison: Comparison) -> Iterator[str]:
    for row in comparison.of(Direction.LOOSER):
        opens = " (a documented limit opens)" if row.limit is Limit.OPENS else ""
        yield f"{where(row)} is looser{opens}: {row.statement}: {why(row)}"


def _doubts(given: Given, comparison: Comparison) -> Iterator[str]:
    rows = comparison.rows
    if not any(row.direction in _COMPARED for row in rows):
        yield "no check was compared"
    for row in comparison.of(Direction.INCOMPARABLE):
        yield f"{where(row)} is incomparable: {why(row)}"
    for row in (*comparison.of(Direction.UNCHANGED), *comparison.of(Direction.NOT_SHOWN)):
        if row.after == Outcome.FAILED and row.level in given.after.report.profile.judged_levels:
            yield f"{where(row)} fails on both releases: mend the fleet first, nothing can be said of the release"
    for side in (given.before, given.after, *([given.upgrade] if given.upgrade else [])):
        if not side.report.subject.folders_sha256:
            yield f"the report of Flux {side.version} does not say which files the fleet and the tenant had"
    upgrade = given.upgrade.report if given.upgrade else None
    yield from what_ran.doubts(given.before.report, given.after.report, upgrade, given.surfaces)
    for side in (given.before, given.after):
        if side.report.verdict is Verdict.INCONCLUSIVE:
            yield from (f"Flux {side.version} was not judged: {reason}" for reason in side.report.judgement.reasons)


def _surface(given: Given) -> SurfaceBlock | None:
    if given.surfaces is None:
        return None
    wanted, found = (given.before.version, given.after.version), tuple(side.version for side in given.surfaces)
    if found != wanted:
        raise InputError(
            f"the surfaces are of Flux {' and '.join(found)}, the reports of {' and '.join(wanted)}",
            hint="take the surfaces of both releases",
        )
    return block(compare_surfaces(*given.surfaces))


def _of_surface(surface: SurfaceBlock | None) -> Iterator[str]:
    if surface is None:
        yield "the surface of the releases was not compared"
        return
    if surface.unmapped:
        yield f"new surface: {len(surface.unmapped)} entries that no check looks at ({_named(surface.unmapped)})"
    yield from (f"the surface is incomparable: {said}" for said in surface.incomparable)


def refuse_other_upgrade(report: ConformanceReport, source: str, target: str) -> None:
    """Refuse the report of another upgrade than that of a certificate.

    Raises:
        InputError: it is.
    """
    there = [(one.source, one.target) for one in report.upgrades if not one.way_back]
    others = [" to ".join(pair) for pair in there if pair != (source, target)]
    if others or not there:
        raise InputError(
            f"the report of the upgrade is of {', '.join(others) or 'no upgrade'}; {source} to {target} is wanted",
            hint=f"`flux-tenancy upgrade --from {source} --to {target}` makes it",
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def _in_place(given: Given) -> InPlace | None:
    if given.upgrade is None:
        return None
    report = given.upgrade.report
    refuse_other_upgrade(report, given.before.version, given.after.version)
    there = [one for one in report.upgrades if not one.way_back]
    if wrong := unlike(given.after.report, report):
        raise InputError(
            f"the report of the upgrade differs in more than the Flux release: {'; '.join(wrong)}",
            hint="upgrade with the same --fleet, --tenant and options, and the same suite",
        )
    name = f"the upgrade in place ({report.environment.bootstrap} on {report.environment.provider})"
    said = tuple(f"{name}: {reason}" for reason in report.judgement.reasons)
    if report.verdict is not Verdict.CONFORMANT and not said:
        said = (f"{name} is {report.verdict}",)
    for environment in sorted({*report.environment.environments} - {one.environment for one in there}):
        said += (f"{name}: {environment} was not upgraded",)
    failed = report.verdict is Verdict.NON_CONFORMANT
    return InPlace(
        folder=UPGRADE,
        report_sha256=given.upgrade_sha256,
        route=report.environment.bootstrap,
        provider=report.environment.provider,
        verdict=report.verdict,
        seconds=tuple(one.seconds for one in there if one.seconds is not None),
        seconds_back=tuple(one.seconds for one in report.upgrades if one.way_back and one.seconds is not None),
        attacks=sum(len(one.attacks) for one in report.upgrades),
        failures=said if failed else (),
        doubts=() if failed else said,
    )


def _unlooked(surface: SurfaceBlock, comparison: Comparison) -> Iterator[str]:
    """Yield what is new and looked at by no check here, be it waived: neither a name in a file nor a reason looks."""
    seen = {row.key.partition("[")[0] for row in comparison.rows if row.direction in _COMPARED}
    mapped = [one for one in surface.changes if one.change == "new" and (one.checks or one.waiver)]
    if new := [one.id for one in mapped if not seen & set(one.checks)]:
        yield f"the surface: {len(new)} new entries that no check looked at here ({_named(new)})"


def _reservations(given: Given, surface: SurfaceBlock | None, comparison: Comparison) -> Iterator[str]:
    sides = [(f"Flux {side.version}", side.report) for side in (given.before, given.after)]
    sides += [("the upgrade in place", given.upgrade.report)] if given.upgrade else []  # it is of both releases
    found = [f"{name}: {text}" for name, report in sides for text in report.judgement.provisional_reasons]
    found += [f"the surface: {text}" for text in (surface.reservations if surface else ())]
    found += _unlooked(surface, comparison) if surface else ()
    found += [] if given.upgrade else [NOT_IN_PLACE]
    yield from dict.fromkeys(found)


def _release(side: Reported, folder: str, sha256: str) -> Release:
    report = side.report
    return Release(
        flux_version=side.version,
        folder=folder,
        report_sha256=sha256,
        run=report.run,
        verdict=report.verdict,
        provisional=report.judgement.provisional,
        controllers=report.subject.controllers,
        binaries=report.binaries,
    )


def _platform(report: ConformanceReport) -> Platform:
    platform = report.environment
    return Platform(
        fleet=report.subject.fleet,
        provider=platform.provider,
        bootstrap=platform.bootstrap,
        kubernetes=platform.kubernetes,
        sync=platform.sync,
        onboarding=platform.onboarding,
        profile=report.profile.name,
        environments=platform.environments,
        suite=report.suite.version,
        catalog_size=report.suite.catalog_size,
        left_out=len(report.suite.not_selected),
    )
