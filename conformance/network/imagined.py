"""Where no Pod may be made: the live policies, read as if the Pods of a check stood in the cluster.

Each of the cluster's tenants is the near one in turn, with the next one as the far one. Pods that stand for outsiders
get a namespace that nobody has a policy for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.errors import Breakdown
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.model import Manifest
from conformance.network.flows import Flow
from conformance.network.policies import selects

NEAR, FAR, PLAIN = "shared-near", "shared-far", "default"
"""Namespaces in the scenarios of the network: two tenants, and one without policies."""
OUTSIDE = "conformance-outside"
"""What stands for the one without policies: the cluster's own may have some."""
_TENANTS = 2
_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Imagined:
    """A cluster with objects that are not there."""

    client: KubeClient
    own: Mapping[Ref, Manifest]

    def get(self, ref: Ref) -> Manifest:
        """Return an object, imagined or live; a namespace that is there is as it is there."""
        known = self.own.get(ref)
        live = self.client.find(ref) if known is None or ref.kind == "Namespace" else None
        return live or known or self.client.get(ref)

    def objects(self, api_version: str, kind: str, *, namespace: str = "", labels: str = "") -> Sequence[Manifest]:
        """Return the objects of a kind in a namespace, the imagined ones first."""
        wanted = dict(part.split("=", 1) for part in labels.split(",") if part)
        known = [
            one
            for ref, one in self.own.items()
            if (ref.api_version, ref.kind, ref.namespace) == (api_version, kind, namespace)
            and selects({"matchLabels": wanted}, pick(one, "metadata", "labels") or {})
        ]
        return known or self.client.objects(api_version, kind, namespace=namespace, labels=labels)


def imagine(
    client: KubeClient, manifests: Sequence[Manifest], flows: Sequence[Flow], tenants: Sequence[str], address: str
) -> tuple[Imagined, list[tuple[int, Flow]]]:
    """Return a cluster in which a scenario's objects stand with all tenants, and the flows between them.

    Each flow comes with its number among `flows`; one that names no tenant comes once.

    Args:
        address: of a Pod of this cluster, for the imagined ones.

    Raises:
        Breakdown: one tenant alone has nobody to be kept apart from.
    """
    if len(tenants) < _TENANTS:
        raise Breakdown(f"{', '.join(tenants) or 'no'} tenant alone: a check across tenants needs two")
    places = [{NEAR: near, FAR: far, PLAIN: OUTSIDE} for near, far in zip(tenants, _next(tenants), strict=True)]
    own = {Ref.of(one) for one in manifests}
    objects = {Ref.of(moved): moved for place in places for moved in (_moved(one, place, address) for one in manifests)}
    for namespace in (OUTSIDE, *(ref.name for ref in objects if ref.kind == "Namespace")):
        ref = Ref("v1", "Namespace", namespace)
        objects[ref] = _named(objects.get(ref, {"apiVersion": "v1", "kind": "Namespace"}), namespace)
    asked = [(number, _between(flow, own, place)) for place in places for number, flow in enumerate(flows)]
    return Imagined(client, objects), list(dict.fromkeys(asked))


def _next(tenants: Sequence[str]) -> Sequence[str]:
    return [*tenants[1:], tenants[0]]


def _moved(manifest: Manifest, places: Mapping[str, str], address: str) -> dict[str, Any]:
    metadata = dict(manifest["metadata"])
    if "namespace" in metadata:
        metadata["namespace"] = places.get(metadata["namespace"], metadata["namespace"])
    status = {"status": {"podIP": address}} if manifest["kind"] == "Pod" else {}
    return {**manifest, **status, "metadata": metadata}


def _named(namespace: Manifest, name: str) -> dict[str, Any]:
    labels = {**(pick(namespace, "metadata", "labels") or {}), _NAME: name}
    return {**namespace, "metadata": {"name": name, "labels": labels}}


def _between(flow: Flow, own: set[Ref], places: Mapping[str, str]) -> Flow:
    def moved(ref: Ref) -> Ref:
        return replace(ref, namespace=places.get(ref.namespace, ref.namespace)) if ref in own else ref

    target = flow.target if isinstance(flow.target, str) else moved(flow.target)
    return replace(flow, source=moved(flow.source), target=target)
