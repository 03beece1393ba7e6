"""The surface of a Flux release, read from its manifests and, where they are at hand, its binaries."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from conformance import settings
from conformance.surface import rights
from conformance.surface.classes import Classes, classes
from conformance.surface.crds import Leaf
from conformance.surface.flags import HELP, MANIFEST, Controller, Flag, binary_of, help_of, of_arguments, of_help
from conformance.surface.manifests import Contents, Installed, contents, refuse_twice
from conformance.surface.mapping import Coverage, mapping
from conformance.surface.model import Class, Entry, Kind, Surface
from conformance.toolchain import CachedTool, cached_tools, release_data

OWN_KINDS = (*rights.ROLES, *rights.BINDINGS)
"""Objects whose contents are entries, so that they are none themselves."""
_DIGEST = 12


@dataclass(frozen=True, slots=True)
class _Flags:
    """The flags of one controller, and what they were read from."""

    flags: Sequence[Flag]
    source: str
    said: str
    sha256: str = ""
    """Of the binary that was asked."""


def surface_of(version: str, *, today: date | None = None, tell: Callable[[str], None] = lambda _: None) -> Surface:
    """Return the surface of a Flux release.

    Args:
        version: such as `2.9.5`; a `v` before it is allowed.
        today: the day by which waivers are judged; None: the day of the call, UTC.
        tell: receives a line when the data must be fetched.

    Raises:
        InputError: no such release in the data, or a reviewed file is broken.
        ToolchainError: the data are not at hand and cannot be fetched, or have a form that nobody knows.
    """
    cache = settings.cache_dir()
    number = version.removeprefix("v")
    data = release_data(cache, tell)
    manifests = data.manifests(number)
    said = f"{data.module} {data.version}, config/data/flux/v{number}"
    return assembled(number, manifests, said, cached_tools(cache), today=today)


def assembled(
    version: str,
    manifests: Mapping[str, str],
    said: str,
    tools: Sequence[CachedTool],
    *,
    today: date | None = None,
    known: Classes | None = None,
    coverage: Coverage | None = None,
) -> Surface:
    """Return the surface of these manifests, with the help of these binaries.

    Args:
        version: of the release.
        manifests: name of the file -> text.
        said: where the manifests come from, in words.
        tools: binaries; those that are exactly the release's controllers are asked for their flags.
        today: the day by which waivers are judged; None: the day of the call, UTC.
        known: the classes; the reviewed ones when None.
        coverage: the mapping; the reviewed one when None.

    Raises:
        ToolchainError: manifests or a help text have a form that nobody knows.
    """
    found, known, coverage = contents(manifests), known or classes(), coverage or mapping()
    read = {one.name: _flags(one, tools) for one in found.controllers}
    day = today or datetime.now(tz=UTC).date()
    entries = [*_fields(found, known), *_rights(found), *_objects(found, known)]
    entries += [one for flags in read.values() for one in _flag_entries(flags.flags, known)]
    refuse_twice([entry.id for entry in entries])
    beside = tuple(_beside(one) for one in found.controllers if one.beside)
    return Surface(
        version=version,
        entries=tuple(coverage.applied(entry, day) for entry in sorted(entries, key=lambda entry: entry.id)),
        leaves={name: known.of_field(leaf).text for leaf in found.leaves for name in _names(leaf)},
        components={one.name: one.version for one in found.controllers},
        flags_from={name: flags.source for name, flags in read.items()},
        sources=(said, *(flags.said for flags in read.values() if flags.source == HELP)),
        binaries={name: flags.sha256 for name, flags in read.items() if flags.sha256},
        reservations=(*(flags.said for flags in read.values() if flags.source == MANIFEST), *beside),
        beside=beside,
    )


def _fields(found: Contents, known: Classes) -> Iterator[Entry]:
    for leaf in found.leaves:
        judged = known.of_field(leaf)
        if judged.classes:
            for name in _names(leaf):
                detail = leaf.detail if name == leaf.id else {}
                yield _entry(Kind.FIELD, name, judged.classes, leaf.manifest, detail)
    reported: dict[str, dict[str, str]] = {}
    for leaf in found.leaves:
        if leaf.reported:
            kind = leaf.id.partition(":")[0]
            reported.setdefault(kind, {"manifest": leaf.manifest, "fields": ""})["fields"] += f"{leaf.path} "
    for kind, said in reported.items():
        yield _entry(
            Kind.FIELD, f"{kind}:status", (Class.TRUST,), said["manifest"], {"sha256": _digest(said["fields"])}
        )


def _names(leaf: Leaf) -> Sequence[str]:
    """Return the name of a field, and of each value that it admits where these are counted out."""
    return (leaf.id, *(f"{leaf.id}={value}" for value in leaf.values))


def _rights(found: Contents) -> Iterator[Entry]:
    for role in found.of_kind(*rights.ROLES):
        yield from _right_entries(rights.rules(role.manifest), role.file)
    for binding in found.of_kind(*rights.BINDINGS):
        yield from _right_entries(rights.bindings(binding.manifest), binding.file)
    roles = found.of_kind("ClusterRole")
    files = ", ".join(dict.fromkeys(role.file for role in roles))
    yield from _right_entries(rights.grants([role.manifest for role in roles]), files)


def _right_entries(found: Iterable[rights.Right], file: str) -> Iterator[Entry]:
    for one in found:
        yield _entry(one.kind, one.name, (Class.RIGHTS,), file, one.detail)


def _objects(found: Contents, known: Classes) -> Iterator[Entry]:
    for one in found.objects:
        if one.kind not in OWN_KINDS:
            detail = _object_detail(one)
            name = rights.full_name(one.manifest)
            yield _entry(Kind.OBJECT, name, (known.of_object(one.kind),), one.file, detail)


def _object_detail(one: Installed) -> Mapping[str, str]:
    """Return what a change of the object would show in; versions, arguments and fields have entries of their own."""
    manifest: dict[str, Any] = json.loads(json.dumps(one.manifest))
    if one.kind == "CustomResourceDefinition":
        return _definition_detail(manifest["spec"])
    manifest = {name: said for name, said in manifest.items() if name not in {"apiVersion", "kind", "metadata"}}
    if one.kind != "Deployment":
        return {name: json.dumps(said, sort_keys=True) for name, said in manifest.items()}
    for container in manifest["spec"]["template"]["spec"]["containers"]:
        container.pop("image", None)
        container.pop("args", None)
    return {"sha256": _digest(json.dumps(manifest, sort_keys=True))}


def _definition_detail(spec: Mapping[str, Any]) -> Mapping[str, str]:
    """Return how a kind is served. Without `status` beside it, whoever may write an object may write its status."""
    versions = [one for one in spec["versions"] if one["served"]]
    parts = {f"{one['name']}/{part}" for one in versions for part in one.get("subresources") or {}}
    conversion = (spec.get("conversion") or {}).get("strategy", "None")
    return {
        "scope": spec["scope"],
        "served": ", ".join(sorted(one["name"] for one in versions)),
        "subresources": ", ".join(sorted(parts)) or "none",
        **({} if conversion == "None" else {"conversion": json.dumps(spec["conversion"], sort_keys=True)}),
    }


def _flags(controller: Controller, tools: Sequence[CachedTool]) -> _Flags:
    tool = binary_of(controller, tools)
    name = f"{controller.name} {controller.version}"
    if tool is None:
        said = f"flags of {name}: only those in the arguments of its Deployment; its binary is not in the cache"
        return _Flags(of_arguments(controller), MANIFEST, said)
    origin = f"--help of {name}"
    flags = of_help(controller, help_of(tool.binary), origin)
    return _Flags(flags, HELP, origin, tool.origin.binary_sha256)


def _beside(controller: Controller) -> str:
    """Say what else runs in a controller's Pods: the token of its account can be mounted there too."""
    others = ", ".join(controller.beside)
    return f"beside {controller.name} in its Pods: {others}; what runs there may use its account, and was not looked at"


def _flag_entries(flags: Sequence[Flag], known: Classes) -> Iterator[Entry]:
    for flag in flags:
        judged = known.of_flag(flag.name)
        if judged.inert:
            continue
        detail = {"controller": flag.controller, **flag.detail}
        yield _entry(Kind.FLAG, f"{flag.controller} {flag.name}", judged.classes, flag.origin, detail)


def _entry(kind: Kind, name: str, found: Sequence[Class], origin: str, detail: Mapping[str, str]) -> Entry:
    return Entry(id=f"{kind} {name}", kind=kind, classes=tuple(found), origin=origin, detail=detail)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
