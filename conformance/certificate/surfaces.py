"""The surface of two releases, as the certificate tells of it."""

from collections.abc import Iterator, Mapping

from conformance.certificate.schema import SurfaceBlock, SurfaceChange
from conformance.surface import Entry, SurfaceDiff


def block(diff: SurfaceDiff) -> SurfaceBlock:
    """Return how the surface of one release differs from that of another."""
    sides = (diff.before, diff.after)
    return SurfaceBlock(
        before_entries=len(diff.before.entries),
        after_entries=len(diff.after.entries),
        changes=tuple(_changes(diff)),
        unmapped=tuple(entry.id for entry in diff.unmapped),
        new_leaves=tuple(sorted(diff.new_leaves)),
        incomparable=tuple(diff.incomparable),
        sources=tuple(f"{side.version}: {source}" for side in sides for source in side.sources),
        reservations=tuple(f"{side.version}: {text}" for side in sides for text in side.reservations),
    )


def _changes(diff: SurfaceDiff) -> Iterator[SurfaceChange]:
    for entry in diff.new:
        yield _change(entry, "new", _said(entry.detail))
    for entry in diff.removed:
        yield _change(entry, "removed", _said(entry.detail))
    for changed in diff.changed:
        said = f"{_said(changed.before.detail)} before, {_said(changed.after.detail)} after"
        yield _change(changed.after, "changed", said)


def _change(entry: Entry, word: str, detail: str) -> SurfaceChange:
    waiver = entry.waiver
    said = f"{waiver.reason} ({waiver.owner}, until {waiver.expires.isoformat()})" if waiver else ""
    fields = {"id": entry.id, "change": word, "detail": detail, "checks": tuple(entry.checks), "waiver": said}
    return SurfaceChange.model_validate(fields)


def _said(detail: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in sorted(detail.items())) or "no detail"
