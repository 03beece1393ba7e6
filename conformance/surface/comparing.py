"""How the surface of one Flux release differs from that of another."""

from collections.abc import Iterator, Mapping

from conformance.surface.flags import MANIFEST, SET
from conformance.surface.model import Changed, Entry, Kind, Surface, SurfaceDiff


def compare(before: Surface, after: Surface) -> SurfaceDiff:
    """Return what is new, gone and changed, from one release to another.

    Where the flags of a controller were read from `--help` on one side and from its Deployment on the other, only what
    the Deployments set is compared: `--help` names all flags, a Deployment a few.
    """
    apart = _apart(before, after)
    old, new = _entries(before, apart), _entries(after, apart)
    both = [(old[name], new[name]) for name in new if name in old]
    return SurfaceDiff(
        before=before,
        after=after,
        new=tuple(entry for name, entry in new.items() if name not in old),
        removed=tuple(entry for name, entry in old.items() if name not in new),
        changed=tuple(
            Changed(before=one, after=other) for one, other in both if _compared(one, apart) != _compared(other, apart)
        ),
        new_leaves={name: said for name, said in after.leaves.items() if name not in before.leaves},
        removed_leaves={name: said for name, said in before.leaves.items() if name not in after.leaves},
        incomparable=tuple(apart.values()),
    )


def _apart(before: Surface, after: Surface) -> Mapping[str, str]:
    """Return the controllers whose flags cannot be compared, each with the reason."""
    return dict(_differing(before, after))


def _differing(before: Surface, after: Surface) -> Iterator[tuple[str, str]]:
    """Yield the controllers of which a side named some flags only; two such releases are not known to be alike."""
    for controller in sorted({*before.flags_from, *after.flags_from}):
        one, other = before.flags_from.get(controller), after.flags_from.get(controller)
        if MANIFEST in (one, other) and (one != other or before.version != after.version):
            read = f"{before.version} was read from {one or 'nothing'}, {after.version} from {other or 'nothing'}"
            yield controller, f"flags of {controller} that no Deployment sets: {read}"


def _entries(surface: Surface, apart: Mapping[str, str]) -> Mapping[str, Entry]:
    return {entry.id: entry for entry in surface.entries if not _is_apart(entry, apart) or SET in entry.detail}


def _compared(entry: Entry, apart: Mapping[str, str]) -> Mapping[str, str]:
    return {SET: entry.detail[SET]} if _is_apart(entry, apart) else entry.detail


def _is_apart(entry: Entry, apart: Mapping[str, str]) -> bool:
    return entry.kind is Kind.FLAG and entry.detail.get("controller") in apart
