"""Where no Pod may be made: the live policies, read as if the Pods of a check stood in the cluster.

A check across tenants is asked of every two of the cluster's, in both directions: a policy may let one other in by its
name. Pods that stand for outsiders get a namespace that nobody has a policy for. What must be denied is also asked of
Pods in the guises that policies open a way for: the suite's own labels are not those of tenants.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.errors import Breakdown
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.model import Manifest
from conformance.network import guises
from conformance.network.flows import Flow
from conformance.network.policies import selects

NEAR, FAR, PLAIN = "shared-near", "shared-far", "default"
"""Namespaces in the scenarios of the network: two tenants, and one without policies."""
OUTSIDE = "conformance-outside"
"""What stands for the one without policies: the cluster's own may have some."""
_TENANTS = 2
_NAME = "kubernetes.io/metadata.name"


_Kind = tuple[str, str, str]
"""API version, kind and namespace of objects that are listed together."""


@dataclass(slots=True)
class Imagined:
    """A cluster with objects that are not there. What is there is read once: all flows are of the same moment."""

    client: KubeClient
    own: Mapping[Ref, Manifest]
    _listed: dict[_Kind, list[Manifest]] = field(init=False)
    _live: dict[Ref, Manifest | None] = field(default_factory=dict)
    _live_lists: dict[tuple[_Kind, str], Sequence[Manifest]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._listed = {}
        for ref, one in self.own.items():
            self._listed.setdefault((ref.api_version, ref.kind, ref.namespace), []).append(one)

    def get(self, ref: Ref) -> Manifest:
        """Return an object, imagined or live; a namespace that is there is as it is there."""
        known = self.own.get(ref)
        live = self._find(ref) if known is None or ref.kind == "Namespace" else None
        return live or known or self.client.get(ref)

    def objects(self, api_version: str, kind: str, *, namespace: str = "", labels: str = "") -> Sequence[Manifest]:
        """Return the objects of a kind in a namespace, the imagined ones first."""
        wanted = dict(part.split("=", 1) for part in labels.split(",") if part)
        where = (api_version, kind, namespace)
        known = [
            one
            for one in self._listed.get(where, [])
            if selects({"matchLabels": wanted}, pick(one, "metadata", "labels") or {})
        ]
        if not known and (where, labels) not in self._live_lists:
            self._live_lists[where, labels] = self.client.objects(api_version, kind, namespace=namespace, labels=labels)
        return known or self._live_lists[where, labels]

    def _find(self, ref: Ref) -> Manifest | None:
        if ref not in self._live:
            self._live[ref] = self.client.find(ref)
        return self._live[ref]


@dataclass(frozen=True, slots=True)
class Placed:
    """One connection of a check, between namespaces of this cluster."""

    number: int
    """Of the flow among those of the check."""
    flow: Flow
    sample: bool
    """One of the few that are shown even where they are as expected: each tenant is in one as the sender."""


def imagine(
    client: KubeClient,
    manifests: Sequence[Manifest],
    flows: Sequence[Flow],
    tenants: Sequence[str],
    address: str,
    *,
    forbidden: Collection[int] = (),
    policies: Sequence[Manifest] = (),
) -> tuple[Imagined, list[Placed]]:
    """Return a cluster in which a scenario's objects stand with all tenants, and the flows between them.

    A flow between two tenants comes for each ordered pair of them, one with a tenant for each of them, another once.

    Args:
        address: of a Pod of this cluster, for the imagined ones.
        forbidden: numbers of the flows that are asked of Pods in guises too.
        policies: the live ones, which say in which.

    Raises:
        Breakdown: one tenant alone has nobody to be kept apart from.
    """
    if len(tenants) < _TENANTS:
        raise Breakdown(f"{', '.join(tenants) or 'no'} tenant alone: a check across tenants needs two")
    own = {Ref.of(one) for one in manifests}
    everywhere = [_place(tenant, tenant) for tenant in tenants]
    objects = {Ref.of(new): new for place in everywhere for new in (_moved(one, place, address) for one in manifests)}
    for namespace in (OUTSIDE, *(ref.name for ref in objects if ref.kind == "Namespace")):
        ref = Ref("v1", "Namespace", namespace)
        objects[ref] = _named(objects.get(ref, {"apiVersion": "v1", "kind": "Namespace"}), namespace)
    placed = [
        Placed(number, _between(flow, own, place), sample)
        for number, flow in enumerate(flows)
        for place, sample in _places(flow, own, tenants)
    ]
    # Pods in guises are found by their names alone: they stand behind no Service.
    view, homes = Imagined(client, objects), frozenset({*tenants, OUTSIDE})
    for one in [one for one in placed if one.number in forbidden]:
        senders, receivers = _in_guises(one.flow, view, homes, policies)
        objects.update({Ref.of(pod): pod for pod in (*senders, *receivers)})
        sources = [one.flow.source, *map(Ref.of, senders)]
        targets = [one.flow.target, *map(Ref.of, receivers)]
        for source, target in itertools.islice(itertools.product(sources, targets), 1, None):
            placed.append(Placed(one.number, replace(one.flow, source=source, target=target), sample=False))
    return view, placed


def _in_guises(
    flow: Flow, view: Imagined, homes: Collection[str], policies: Sequence[Manifest]
) -> tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]:
    """Return the sender and the receiver of a flow in guises, none where it is not to be asked of such.

    A Service leads to its Pod, which is asked about by its address. The receiver keeps its labels where it is no
    tenant's, or where the sender is somebody whom policies may name, such as a shared ingress.
    """
    sender, target = view.own.get(flow.source), flow.target
    if sender is None or flow.source.namespace not in homes:
        return (), ()
    source = _standing(view, flow.source)
    if isinstance(target, str):
        return _as(sender, guises.of_source(policies, source, guises.Place())), ()
    if target.kind != "Pod":
        return (), ()
    place, receiver = _standing(view, target), view.own.get(target)
    senders = _as(sender, guises.of_source(policies, source, place))
    if receiver is None or target.namespace not in homes:
        return senders, ()
    return senders, _as(receiver, guises.of_target(policies, place, source))


def _standing(view: Imagined, pod: Ref) -> guises.Place:
    namespace = view.get(Ref("v1", "Namespace", pod.namespace))
    return guises.Place(pod.namespace, pick(namespace, "metadata", "labels") or {})


def _as(pod: Manifest, worn: Sequence[guises.Guise]) -> list[dict[str, Any]]:
    """Return a Pod in each of these guises that changes its labels."""
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    return [
        {**pod, "metadata": {**metadata, "name": f"{metadata['name']} as {guises.said(one)}", "labels": changed}}
        for one in worn
        if (changed := guises.worn(labels, one)) != labels
    ]


def _place(near: str, far: str) -> Mapping[str, str]:
    return {NEAR: near, FAR: far, PLAIN: OUTSIDE}


def _places(flow: Flow, own: set[Ref], tenants: Sequence[str]) -> Iterator[tuple[Mapping[str, str], bool]]:
    """Yield where the ends of a flow stand, and whether that place is shown in any case."""
    ends = {end.namespace for end in (flow.source, flow.target) if isinstance(end, Ref) and end in own}
    following = dict(itertools.pairwise([*tenants, tenants[0]]))
    if ends >= {NEAR, FAR}:
        for near, far in itertools.permutations(tenants, 2):
            yield _place(near, far), following[near] == far
    else:
        for tenant in tenants if ends & {NEAR, FAR} else tenants[:1]:
            yield _place(tenant, tenant), True


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
