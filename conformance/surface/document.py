"""A surface, and the difference of two, as YAML: for machines, and to be kept. A surface is read back, too."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import yaml

from conformance.errors import InputError
from conformance.report.plain import plain
from conformance.surface.model import Class, Entry, Kind, Surface, SurfaceDiff, Waiver

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
        "flagsFrom": dict(surface.flags_from),
        "sources": list(surface.sources),
        "binaries": dict(surface.binaries),
        "reservations": list(surface.reservations),
        "entries": [_entry(entry) for entry in surface.entries],
        "leaves": dict(surface.leaves),
    }


def surface_from_yaml(text: str, name: str) -> Surface:
    """Return the surface of a text that `to_yaml(surface_document(...))` gave; errors call the text `name`.

    Raises:
        InputError: it is another text, or what it counts does not follow from its entries.
    """
    try:
        known = plain(text)
        found = _surface(known)
        wrong = [name for name, said in _judged(found).items() if known[name] != said]
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"'{name}' is no surface of a Flux release: {error}"
        raise InputError(said, hint="`flux-tenancy surface VERSION --format yaml` writes one") from error
    if wrong:
        raise InputError(f"'{wrong[0]}' of '{name}' does not follow from its entries", hint="count that release again")
    return found


def _surface(known: Mapping[str, Any]) -> Surface:
    return Surface(
        version=str(known["version"]),
        entries=tuple(_entry_of(entry) for entry in known["entries"]),
        leaves=_texts(known["leaves"]),
        components=_texts(known["components"]),
        flags_from=_texts(known["flagsFrom"]),
        sources=tuple(map(str, known["sources"])),
        binaries=_texts(known["binaries"]),
        reservations=tuple(map(str, known["reservations"])),
    )


def _entry_of(said: Mapping[str, Any]) -> Entry:
    return Entry(
        id=str(said["id"]),
        kind=Kind(str(said["id"]).partition(" ")[0]),
        classes=tuple(Class(word) for word in said["classes"]),
        origin=str(said["origin"]),
        detail=_texts(said.get("detail", {})),
        checks=tuple(map(str, said.get("checks", ()))),
        how=str(said.get("how", "")),
        waiver=_waiver_of(said.get("waiver")),
        lapsed=_waiver_of(said.get("lapsedWaiver")),
    )


def _waiver_of(said: Mapping[str, str] | None) -> Waiver | None:
    if said is None:
        return None
    return Waiver(reason=said["reason"], owner=said["owner"], expires=date.fromisoformat(said["expires"]))


def _texts(said: Mapping[str, str]) -> Mapping[str, str]:
    return {str(name): str(text) for name, text in said.items()}


def diff_document(diff: SurfaceDiff) -> Mapping[str, Any]:
    """Return a difference as plain data; `unmapped` is all of the later release's, also what the earlier one had."""
    return {
        "apiVersion": API_VERSION,
        "kind": DIFF_KIND,
        "from": diff.before.version,
        "to": diff.after.version,
        **_judged(diff.after),
        "verdict": str(diff.verdict),
        "exitCode": diff.exit_code,
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
