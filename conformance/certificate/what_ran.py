"""Whether what ran on both sides, and in an upgrade in place, was what the certificate is of. Pure."""

from collections.abc import Iterator, Mapping

from conformance.certificate.surfaces import Surfaces
from conformance.report.schema import ConformanceReport
from conformance.surface import Surface

_DAY = len("2026-11-02")


def doubts(
    before: ConformanceReport, after: ConformanceReport, upgrade: ConformanceReport | None, surfaces: Surfaces | None
) -> Iterator[str]:
    """Yield what keeps these reports from speaking of the releases whose surfaces these are."""
    yield from _of_controllers(before, after)
    if surfaces is None:
        return
    for side, surface in zip((before, after), surfaces, strict=True):
        yield from _of_other_releases(side, surface.components)
        yield from _of_ended_waivers(side, surface)
    if upgrade is not None:
        yield from _moved_elsewhere(upgrade, surfaces[1].components)


def _of_controllers(before: ConformanceReport, after: ConformanceReport) -> Iterator[str]:
    """Yield what the controllers that ran on both sides do not let be compared."""
    old, new = ({one.name: one for one in side.subject.controllers} for side in (before, after))
    for side, there in ((before, old), (after, new)):
        if not there:
            yield f"the report of Flux {side.subject.flux_version} names no controller: nobody knows what ran"
        unknown = ", ".join(f"{one.name} {one.version}" for one in there.values() if not one.binary_sha256)
        if unknown:
            yield f"the report of Flux {side.subject.flux_version} has no digest of {unknown}"
    if old and new:
        yield from (f"{name} ran on one side only" for name in sorted(old.keys() ^ new.keys()))
    for name in sorted(old.keys() & new.keys()):
        one, other = old[name], new[name]
        if one.version != other.version and one.binary_sha256 == other.binary_sha256 != "":
            yield f"{name} {one.version} and {other.version} have one digest: the same binary ran on both sides"


def _moved_elsewhere(report: ConformanceReport, components: Mapping[str, str]) -> Iterator[str]:
    """Yield the controllers that an upgrade in place did not bring to the later release, without a reservation."""
    moved = [(block.target, one) for block in report.upgrades if not block.way_back for one in block.controllers]
    for target, one in moved:
        wanted = components.get(one.controller, one.runs)
        said = any(one.controller in text and one.runs in text for text in report.judgement.provisional_reasons)
        if one.runs != wanted and not said:
            yield f"the upgrade to {target} left {one.controller} at {one.runs or 'none'}, not at {wanted}"


def _of_ended_waivers(report: ConformanceReport, surface: Surface) -> Iterator[str]:
    """Yield the waivers that had ended on the day of a run: they excuse nothing that it did not look at."""
    for entry in surface.waived:
        if entry.waiver and entry.waiver.expires.isoformat() < report.run.started[:_DAY]:
            yield f"new surface: the waiver of {entry.id} ended on {entry.waiver.expires}, before the run"


def _of_other_releases(report: ConformanceReport, components: Mapping[str, str]) -> Iterator[str]:
    """Yield the controllers that are not the release's, and of which no reservation of their report says so."""
    for one in report.subject.controllers:
        said = any(one.name in text and one.version in text for text in report.judgement.provisional_reasons)
        if one.version != components.get(one.name, one.version) and not said:
            release = f"Flux {report.subject.flux_version} has {one.name} {components[one.name]}"
            yield f"{release}; {one.version} ran, without a reservation"
