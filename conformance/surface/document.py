"""A surface, and the difference of two, as YAML: for machines, and to be kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from conformance.surface.model import Entry, Surface, SurfaceDiff, Waiver

API_VERSION = "conformance.fluxtenancy.dev/v1alpha1"
SURFACE_KIND, DIFF_KIND = "FluxSurface", "FluxSurfaceDiff"


def surface_document(surface: Surface) -> Mapping[str, Any]:
    """Return a surface as plain data."""
    return {
        "apiVersion": API_VERSION,
        "kind": SURFACE_KIND,
        "version": surface.version,
        **_judged(surface),
        "components": dict(surface.components),
        "sources": list(surface.sources),
        "binaries": dict(surface.binaries),
        "reservations": list(surface.reservations),
        "entries": [_entry(entry) for entry in surface.entries],
        "leaves": dict(surface.leaves),
    }


def diff_document(diff: SurfaceDiff) -> Mapping[str, Any]:
    """Return a difference as plain data; `unmapped` is all of the later release's, also what the earlier one had."""
    return {
        "apiVersion": API_VERSION,
        "kind": DIFF_KIND,
        "from": diff.before.version,
        "to": diff.after.version,
        **_judged(diff.after),
        "new": [_entry(entry) for entry in diff.new],
        "removed": [_entry(entry) for entry in diff.removed],
        "changed": [
            {"id": one.after.id, "before": dict(one.before.detail), "after": dict(one.after.detail)}
            for one in diff.changed
        ],
        "newLeaves": dict(diff.new_leaves),
        "removedLeaves": dict(diff.removed_leaves),
        "incomparable": list(diff.incomparable),
        "reservations": list(diff.after.reservations),
    }


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as text."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _judged(surface: Surface) -> Mapping[str, Any]:
    return {
        "verdict": str(surface.verdict),
        "exitCode": surface.exit_code,
        "counts": {
            "entries": len(surface.entries),
            "checked": sum(bool(entry.checks) for entry in surface.entries),
            "waived": len(surface.waived),
            "unmapped": len(surface.unmapped),
            "leaves": len(surface.leaves),
        },
        "unmapped": [entry.id for entry in surface.unmapped],
    }


def _entry(entry: Entry) -> Mapping[str, Any]:
    found: dict[str, Any] = {"id": entry.id, "classes": _words(entry.classes), "origin": entry.origin}
    found |= {"detail": dict(entry.detail)} if entry.detail else {}
    found |= {"checks": _words(entry.checks)} if entry.checks else {}
    found |= {"how": entry.how} if entry.how else {}
    found |= {"waiver": _waiver(entry.waiver)} if entry.waiver else {}
    return found | ({"lapsedWaiver": _waiver(entry.lapsed)} if entry.lapsed else {})


def _words(words: Sequence[str]) -> list[str]:
    return [str(word) for word in words]


def _waiver(waiver: Waiver) -> Mapping[str, str]:
    return {"reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires.isoformat()}
