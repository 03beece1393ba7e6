"""What there is on a cluster before a probe and after it: names and uids of everything that can be listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.kube.client import FIELD_MANAGER, ApiError
from conformance.kube.objects import Ref
from conformance.kube.probing import MakingClient
from conformance.model import Manifest
from conformance.providers.probe_lease import REF

_FLEETING = frozenset({"Event", "ComponentStatus"})
"""Kinds that come and go by themselves, or are no objects at all."""
_NAMED = 5
"""How many differences are named before they are only counted."""


Kind = tuple[str, str]
"""API version and kind."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at all objects."""

    objects: Mapping[tuple[Ref, str], bool]
    """Address and uid -> whether the suite wrote it, or it lies in a throw-away namespace."""
    unread: Sequence[str]
    """Kinds and API versions that these credentials may not list, that another server serves, or that did not
    answer."""
    kinds: frozenset[Kind]
    """What was listed to its end."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two looks."""

    ours: Sequence[str]
    others: Sequence[str]
    unknown: Sequence[str] = ()
    """Kinds that were listed before and could not be again: nobody knows what is left of them."""


def take(client: MakingClient, own: frozenset[str]) -> Inventory:
    """List every kind, metadata alone; `own` are the throw-away namespaces.

    Raises:
        KubeError: the API server does not answer.
    """
    found: dict[tuple[Ref, str], bool] = {}
    kinds, unread = client.kinds()
    read = set[Kind]()
    for version, kind in kinds:
        if kind in _FLEETING:
            continue
        try:
            found |= _listed(client, version, kind, own)
            read.add((version, kind))
        except ApiError:
            unread.append(kind)
    found.pop(next((key for key in found if key[0] == REF), (REF, "")), None)
    return Inventory(found, sorted(set(unread)), frozenset(read))


def compare(before: Inventory, after: Inventory) -> Difference:
    """Return what came and what went; what went is nobody's but others': a probe removes what came with it only."""
    came = [(ref, ours) for (ref, uid), ours in after.objects.items() if (ref, uid) not in before.objects]
    went = [ref for ref, uid in before.objects if (ref, uid) not in after.objects]
    lost = {one for one in before.kinds - after.kinds if set(one) & set(after.unread)}
    new = [ref for ref, ours in came if not ours and _kind(ref) in before.kinds]
    gone = [ref for ref in went if _kind(ref) not in lost]
    return Difference(
        ours=sorted(f"left: {ref}" for ref, ours in came if ours),
        others=sorted([*(f"gone: {ref}" for ref in gone), *(f"new: {ref}" for ref in new)]),
        unknown=tuple(sorted(kind for _, kind in lost)),
    )


def told(before: Inventory, difference: Difference) -> str:
    """Return in one line what two looks say together."""
    said = f"inventory: {len(before.objects)} objects before"
    said += " and the same after" if not (difference.ours or difference.others or difference.unknown) else ""
    if difference.others:
        said += f"; by others meanwhile: {_brief(difference.others)}"
    if difference.ours:
        said += f"; by the probe: {_brief(difference.ours)}"
    if difference.unknown:
        said += f"; not listed again: {_brief(difference.unknown)}"
    return said + (f"; not listed: {_brief(before.unread)}" if before.unread else "")


def _brief(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _listed(client: MakingClient, version: str, kind: str, own: frozenset[str]) -> dict[tuple[Ref, str], bool]:
    found = {}
    for metadata in client.metadata(version, kind):
        ref = Ref(version, kind, metadata["name"], metadata.get("namespace", ""))
        found[ref, str(metadata.get("uid", ""))] = _is_ours(ref, metadata, own)
    return found


def _kind(ref: Ref) -> Kind:
    return ref.api_version, ref.kind


def _is_ours(ref: Ref, metadata: Manifest, own: frozenset[str]) -> bool:
    managers = {str(one.get("manager", "")) for one in metadata.get("managedFields") or []}
    named = ref.name if ref.kind == "Namespace" else ref.namespace
    return named in own or any(manager.startswith(FIELD_MANAGER) for manager in managers)
