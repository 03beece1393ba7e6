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


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at all objects."""

    objects: Mapping[tuple[Ref, str], bool]
    """Address and uid -> whether the suite wrote it, or it lies in a throw-away namespace."""
    unread: Sequence[str]
    """Kinds and API groups that these credentials may not list, or that did not answer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two looks."""

    ours: Sequence[str]
    others: Sequence[str]


def take(client: MakingClient, own: frozenset[str]) -> Inventory:
    """List every kind, metadata alone; `own` are the throw-away namespaces.

    Raises:
        KubeError: the API server does not answer.
    """
    found: dict[tuple[Ref, str], bool] = {}
    kinds, unread = client.kinds()
    for version, kind in kinds:
        if kind in _FLEETING:
            continue
        try:
            for metadata in client.metadata(version, kind):
                ref = Ref(version, kind, metadata["name"], metadata.get("namespace", ""))
                found[ref, metadata["uid"]] = _is_ours(ref, metadata, own)
        except ApiError:
            unread.append(kind)
    found.pop(next((key for key in found if key[0] == REF), (REF, "")), None)
    return Inventory(found, sorted(set(unread)))


def compare(before: Inventory, after: Inventory) -> Difference:
    """Return what came and what went; what went is nobody's but others': a probe removes what came with it only."""
    came = [(ref, ours) for (ref, uid), ours in after.objects.items() if (ref, uid) not in before.objects]
    went = [f"gone: {ref}" for ref, uid in before.objects if (ref, uid) not in after.objects]
    return Difference(
        ours=sorted(f"left: {ref}" for ref, ours in came if ours),
        others=sorted([*went, *(f"new: {ref}" for ref, ours in came if not ours)]),
    )


def told(before: Inventory, difference: Difference) -> str:
    """Return in one line what two looks say together."""
    said = f"inventory: {len(before.objects)} objects before"
    said += " and the same after" if not (difference.ours or difference.others) else ""
    if difference.others:
        said += f"; by others meanwhile: {_brief(difference.others)}"
    if difference.ours:
        said += f"; by the probe: {_brief(difference.ours)}"
    return said + (f"; not listed: {_brief(before.unread)}" if before.unread else "")


def _brief(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _is_ours(ref: Ref, metadata: Manifest, own: frozenset[str]) -> bool:
    managers = {str(one.get("manager", "")) for one in metadata.get("managedFields") or []}
    named = ref.name if ref.kind == "Namespace" else ref.namespace
    return named in own or any(manager.startswith(FIELD_MANAGER) for manager in managers)
