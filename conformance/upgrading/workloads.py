"""What the fleet's own tenants have: an upgrade of Flux must neither restart nor change nor remove any of it.

Compared is all that an object says, of every kind that can be listed, without what the API server and the controllers
keep books with. A field that appears with the default of the new schema, or goes with that of the old one, is no change
of anybody's: the API server fills it in when the object is read.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick
from conformance.model import Manifest
from conformance.timeline import ABSENT

Kinds = Sequence[tuple[str, str]]

_VOLATILE = frozenset({"ComponentStatus", "Endpoints", "EndpointSlice", "Event", "Lease", "PodMetrics"})
"""Kinds that say how things are going, and nothing that anybody wants."""
_BOOKS = frozenset({"generation", "managedFields", "resourceVersion", "uid"})
_REQUESTED = "reconcile.fluxcd.io/requestedAt"
"""Asks for a reconciliation, and changes nothing (fluxcd/pkg/apis/meta/annotations.go)."""
_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_NAMED = 3
"""How many fields of a changed object are named."""
_SALT = secrets.token_bytes(16)
"""Of this run: the digest of a Secret in a report must not be one that a list of passwords can be tried on."""


@dataclass(frozen=True, slots=True)
class State:
    """One object at one moment."""

    identity: str
    """Beginning of the uid, and how often its containers were restarted."""
    generation: int
    content: Manifest
    schema: Manifest = field(default_factory=dict)
    """OpenAPI schema of a custom resource, which has the defaults; empty: no such kind."""

    def __str__(self) -> str:
        digest = hashlib.sha256(_SALT + json.dumps(self.content, sort_keys=True).encode()).hexdigest()
        return f"{self.identity} generation {self.generation} content {digest[:8]}"


def listed_kinds(platform: Platform) -> Kinds:
    """Return the kinds that an inventory looks at, in the versions that the API server prefers now."""
    return [one for one in platform.client.listable() if one[1] not in _VOLATILE]


def inventory(platform: Platform, kinds: Kinds) -> dict[str, State]:
    """Return the objects of the fleet's tenants, their Namespaces among them, by their addresses.

    The same kinds are to be asked for before and after. One that is no longer served has no objects.
    """
    namespaces, schemas = set(platform.tenants.values()), _schemas(platform)
    found: dict[str, Manifest] = {}
    for api_version, kind in kinds:
        for one in _objects(platform, api_version, kind):
            ref = Ref.of(one)
            if ref.namespace in namespaces or (kind == "Namespace" and ref.name in namespaces):
                found[str(ref)] = one
    by_the_clock = _scheduled(found.values())
    return {
        name: _state(one, schemas.get((one["apiVersion"], one["kind"]), {}))
        for name, one in found.items()
        if one["metadata"]["uid"] not in by_the_clock
    }


def touched(before: Mapping[str, State], after: Mapping[str, State]) -> dict[str, tuple[str, str]]:
    """Return the objects that are not the same: name -> state before and after, with the fields that differ."""
    found = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            found[name] = (ABSENT if old is None else str(old), ABSENT if new is None else str(new))
        elif (why := _why(old, new)) is not None:
            found[name] = (str(old), f"{new}{why}")
    return found


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what is not the same: name -> state before and after."""
    names = sorted({*before, *after})
    pairs = {name: (before.get(name, ABSENT), after.get(name, ABSENT)) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _objects(platform: Platform, api_version: str, kind: str) -> Sequence[Manifest]:
    try:
        return platform.client.objects(api_version, kind)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return ()
        raise


def _schemas(platform: Platform) -> dict[tuple[str, str], Manifest]:
    """Return the schema of each custom resource, by API version and kind."""
    return {
        (f"{one['spec']['group']}/{version['name']}", one["spec"]["names"]["kind"]): pick(
            version, "schema", "openAPIV3Schema"
        )
        or {}
        for one in platform.client.objects(*_CRD)
        for version in one["spec"]["versions"]
    }


def _scheduled(objects: Iterable[Manifest]) -> set[str]:
    """Return the uids of what CronJobs made, and of what that made: it comes and goes by the clock."""
    owned = [(one["metadata"]["uid"], pick(one, "metadata", "ownerReferences") or []) for one in objects]
    jobs = {uid for uid, owners in owned if any(owner["kind"] == "CronJob" for owner in owners)}
    return jobs | {uid for uid, owners in owned if any(owner["uid"] in jobs for owner in owners)}


def _state(one: Manifest, schema: Manifest) -> State:
    metadata = {key: value for key, value in one["metadata"].items() if key not in _BOOKS}
    annotations = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != _REQUESTED}
    if annotations:
        metadata["annotations"] = annotations
    content = {key: value for key, value in one.items() if key != "status"} | {"metadata": metadata}
    statuses = pick(one, "status", "containerStatuses") or []
    restarts = sum(int(container.get("restartCount", 0)) for container in statuses)
    identity = one["metadata"]["uid"][:8] + (f" restarts {restarts}" if restarts else "")
    return State(identity, int(one["metadata"].get("generation", 1)), content, schema)


def _why(old: State, new: State) -> str | None:
    """Return what to say of an object beside both its states; None: nobody touched it."""
    fields = list(_other(old.content, new.content, old.schema, new.schema))
    if fields:
        more = " …" if len(fields) > _NAMED else ""
        return f", other in {', '.join(fields[:_NAMED])}{more}"
    same = old.identity == new.identity
    # With a default that came or went the API server may count a generation; else somebody wrote, and wrote back.
    return None if same and (old.generation == new.generation or old.content != new.content) else ""


def _other(old: Any, new: Any, was: Manifest, now: Manifest, path: str = "") -> Iterator[str]:
    """Yield the paths of what differs, but for defaults of either schema that the other side does not have."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            place, before, after = f"{path}.{key}" if path else key, _within(was, key), _within(now, key)
            if key not in old:
                yield from () if _is_default(new[key], after) else (place,)
            elif key not in new:
                yield from () if _is_default(old[key], before) else (place,)
            else:
                yield from _other(old[key], new[key], before, after, place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _other(one, other, was.get("items") or {}, now.get("items") or {}, f"{path}.{number}")
    elif old != new:
        yield path


def _within(schema: Manifest, key: str) -> Manifest:
    return pick(schema, "properties", key) or pick(schema, "additionalProperties") or {}


def _is_default(value: Any, schema: Manifest) -> bool:
    """Whether this is what the API server fills in; within an object that is filled in, further defaults are."""
    if "default" not in schema:
        return False
    default = schema["default"]
    if value == default or not (isinstance(value, Mapping) and isinstance(default, Mapping)):
        return bool(value == default)
    return default.keys() <= value.keys() and all(
        item == default.get(key) or _is_default(item, _within(schema, key)) for key, item in value.items()
    )
