"""The surface of two releases, as the certificate tells of it, and as its folder keeps it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from conformance.certificate.schema import SurfaceBlock, SurfaceChange
from conformance.errors import InputError
from conformance.surface import Entry, Kind, Surface, SurfaceDiff
from conformance.surface.document import surface_document, surface_from_yaml, to_yaml

Surfaces = tuple[Surface, Surface]
"""Of the release before and of the release after."""
_BOUNDS = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "maxItems")
SURFACE_FILES = ("surface/before.yaml", "surface/after.yaml")
"""Where the folder of a certificate keeps them."""


def kept(surfaces: Surfaces | None) -> Mapping[str, bytes]:
    """Return name -> content of the files of a certificate that hold the surfaces."""
    documents = [to_yaml(surface_document(side)).encode() for side in surfaces or ()]
    return dict(zip(SURFACE_FILES, documents, strict=bool(documents)))


def read_surfaces(folder: Path) -> Surfaces | None:
    """Return the surfaces of a certificate; None where it keeps none.

    Raises:
        InputError: one of them is missing, or is not as it was written.
    """
    if not any((folder / name).exists() for name in SURFACE_FILES):
        return None
    before, after = (_read(folder, name) for name in SURFACE_FILES)
    return before, after


def _read(folder: Path, name: str) -> Surface:
    try:
        return surface_from_yaml((folder / name).read_bytes().decode(), name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read '{name}': {error}", hint="give the folder of a certificate") from error


def block(diff: SurfaceDiff) -> SurfaceBlock:
    """Return how the surface of one release differs from that of another."""
    sides = (diff.before, diff.after)
    return SurfaceBlock(
        before_entries=len(diff.before.entries),
        after_entries=len(diff.after.entries),
        waived=len(diff.after.waived),
        changes=tuple(_changes(diff)),
        unmapped=tuple(entry.id for entry in diff.unmapped),
        new_leaves=tuple(sorted(diff.new_leaves)),
        removed_leaves=tuple(sorted(diff.removed_leaves)),
        incomparable=tuple(diff.incomparable),
        sources=tuple(f"{side.version}: {source}" for side in sides for source in side.sources),
        reservations=(
            *(f"{side.version}: {text}" for side in sides for text in side.reservations),
            # What a rule kept out is let in where nothing else says the same, and no entry of the surface tells of it.
            *(f"{diff.after.version}: a validation rule is gone: {name}" for name in diff.removed_rules),
            *(f"{diff.after.version}: {said}" for said in _decided_otherwise(diff)),
        ),
    )


def _decided_otherwise(diff: SurfaceDiff) -> Iterator[str]:
    """Yield the bounds of fields that are gone or others, and the flags that have another default."""
    for one in diff.changed:
        kind, was, now = one.after.kind, one.before.detail, one.after.detail
        for name in {Kind.FIELD: _BOUNDS, Kind.FLAG: ("default",)}.get(kind, ()):
            # Defaults are known of binaries alone, which say the type too; a bound that came narrows.
            known = "type" in was.keys() & now.keys() if kind is Kind.FLAG else name in was
            if known and was.get(name) != now.get(name):
                yield f"{name} of {one.after.id}: {was.get(name, 'none')} before, {now.get(name, 'none')} after"


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
