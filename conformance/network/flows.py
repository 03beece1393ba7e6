"""What a check asks about, and what that comes down to: which Pod, which address, which port behind a Service."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.errors import Breakdown
from conformance.kube.objects import Ref, pick, ref_to
from conformance.model import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A connection from a Pod to a Pod, a Service, or an address outside of the cluster."""

    source: Ref
    target: Ref | str
    port: int
    protocol: str = "TCP"
    """UDP is asked of the cluster's DNS only, by resolving a name."""
    answered: bool = True
    """Whether somebody listens there."""

    @property
    def target_name(self) -> str:
        """`namespace/Pod`, `namespace/Service/name`, or the address."""
        if isinstance(self.target, str):
            return self.target
        kind = "" if self.target.kind == "Pod" else f"{self.target.kind}/"
        return f"{self.target.namespace}/{kind}{self.target.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One end of a connection, as policies see it."""

    address: str
    namespace: str = ""
    """Empty: outside of the cluster, or in a node's own network, where only the address counts."""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A flow with both ends looked up in the live cluster."""

    flow: Flow
    source: Peer
    target: Peer
    port: int
    """The port of the Pod: behind a Service it may be another one than the flow's."""
    port_name: str
    dial: str
    """Host and port that the probe connects to."""


class Reads(Protocol):
    """What is asked of a cluster to look flows up."""

    def get(self, ref: Ref) -> Manifest:
        """Return an object."""

    def objects(self, api_version: str, kind: str, *, namespace: str = "", labels: str = "") -> Sequence[Manifest]:
        """Return the objects of a kind in a namespace."""


def resolve(client: Reads, flow: Flow) -> Resolved:
    """Look both ends of a flow up.

    Raises:
        Breakdown: a Pod or Service is not there, or has no address, or no Pod has the port that a Service names.
    """
    source = _peer(client, client.get(flow.source))
    if isinstance(flow.target, str):
        target = Peer(address=_outside(flow.target))
        return _resolved(flow, source, target, flow.port, "", flow.target)
    live = client.get(flow.target)
    if flow.target.kind == "Pod":
        peer = _peer(client, live)
        return _resolved(flow, source, peer, flow.port, _port_name(live, flow.port), _address(live))
    peer, port, name = _behind(client, flow.target, live, flow.port)
    return _resolved(flow, source, peer, port, name, str(pick(live, "spec", "clusterIP") or peer.address))


def _resolved(flow: Flow, source: Peer, target: Peer, port: int, name: str, host: str) -> Resolved:
    dial = f"[{host}]:{flow.port}" if ":" in host else f"{host}:{flow.port}"
    return Resolved(flow=flow, source=source, target=target, port=port, port_name=name, dial=dial)


def pods_behind(client: Reads, service: Manifest) -> Sequence[Manifest]:
    """Return the running Pods that a Service sends to, by its selector."""
    selector = pick(service, "spec", "selector") or {}
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    namespace = service["metadata"]["namespace"]
    pods = client.objects("v1", "Pod", namespace=namespace, labels=labels) if labels else []
    return [pod for pod in pods if pick(pod, "status", "podIP") and not pod["metadata"].get("deletionTimestamp")]


def _behind(client: Reads, ref: Ref, service: Manifest, port: int) -> tuple[Peer, int, str]:
    """Return where a Service sends to: a Pod of its own, or an address that somebody else wrote down."""
    wanted: Any = next((p.get("targetPort", port) for p in service["spec"]["ports"] if p["port"] == port), port)
    pods = pods_behind(client, service)
    for pod in pods:
        if (number := _number(pod, wanted)) is not None:
            return _peer(client, pod), number, _port_name(pod, number)
    if pods:
        hint = f"a Service sends nobody to a port by a name that no container has: see ports of {Ref.of(pods[0])}"
        raise Breakdown(f"no Pod behind {ref} has the port '{wanted}', to which its port {port} leads", hint=hint)
    labels = f"kubernetes.io/service-name={ref.name}"
    for found in client.objects("discovery.k8s.io/v1", "EndpointSlice", namespace=ref.namespace, labels=labels):
        for endpoint in found.get("endpoints") or []:
            return Peer(address=endpoint["addresses"][0]), int(found["ports"][0]["port"]), ""
    raise Breakdown(f"nothing stands behind {ref}", hint="a Service without Pods denies everybody, and proves nothing")


def _number(pod: Manifest, wanted: int | str) -> int | None:
    """Return the number of a Service's target port in a Pod; None where no container has a port of that name."""
    if not isinstance(wanted, str):
        return int(wanted)
    return next((int(one["containerPort"]) for one in _ports(pod) if one.get("name") == wanted), None)


def _peer(client: Reads, pod: Manifest) -> Peer:
    if pick(pod, "spec", "hostNetwork"):
        return Peer(address=_address(pod))
    metadata = pod["metadata"]
    namespace = client.get(ref_to(f"Namespace/{metadata['namespace']}"))
    return Peer(
        address=_address(pod),
        namespace=metadata["namespace"],
        labels=metadata.get("labels") or {},
        namespace_labels=pick(namespace, "metadata", "labels") or {},
    )


def _outside(address: str) -> str:
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise Breakdown(f"'{address}' is no IP address: policies know no names") from error
    return address


def _address(pod: Manifest) -> str:
    address = pick(pod, "status", "podIP")
    if not address:
        raise Breakdown(f"{Ref.of(pod)} has no address: phase {pick(pod, 'status', 'phase')}")
    return str(address)


def _ports(pod: Manifest) -> list[Mapping[str, Any]]:
    """Return the ports of what runs as long as the Pod: init containers that stay are beside the others."""
    beside = [one for one in pod["spec"].get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    return [port for container in [*pod["spec"]["containers"], *beside] for port in container.get("ports") or []]


def _port_name(pod: Manifest, number: int) -> str:
    return next((port.get("name", "") for port in _ports(pod) if port["containerPort"] == number), "")
