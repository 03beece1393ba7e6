"""Connections: what they come down to, what a probe's answer means, and what the policies that decide are called."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.catalog import CHECKS
from conformance.errors import Breakdown
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.manifests import PLACEHOLDERS, load
from conformance.model import Capability, Cell, Reach, Seen
from conformance.network import Flow, Network, as_text
from conformance.network.flows import Peer, Resolved, resolve
from conformance.network.oracle import answers
from conformance.network.pods import IMAGE, pod
from conformance.network.policies import deciding, selects
from conformance.network.probe import Prober, outcome
from conformance.settings import Timeouts

EXITED = "command terminated with exit code 1"
ALLOWED_TABLE = "Is traffic allowed?\n| IS ALLOWED? |  TRUE  |         \n"
DENIED_TABLE = "Is traffic allowed?\n| Ingress | Deny | namespace: a |\n| IS ALLOWED? | FALSE  |     \n"


def a_pod(name: str, labels: Mapping[str, str], **status: Any) -> dict[str, Any]:
    manifest = pod(name, "apps", labels)
    manifest["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8080}]
    return {**manifest, "status": {"podIP": "10.1.0.7", **status}}


class Cluster:
    """Objects by kind and name, and those that a list returns."""

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.known = {(one["kind"], one["metadata"]["name"]): one for one in objects}

    def get(self, ref: Ref) -> Mapping[str, Any]:
        return self.known[ref.kind, ref.name]

    def objects(self, _version: str, kind: str, **_: str) -> list[Mapping[str, Any]]:
        return [one for (known, _), one in self.known.items() if known == kind]


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps", "labels": {"team": "a"}}}
CLIENT = a_pod("client", {"app": "client"}, podIP="10.1.0.5")


def service(target: object, selector: Mapping[str, str] | None = None, address: str = "10.96.0.9") -> dict[str, Any]:
    spec = {"clusterIP": address, "ports": [{"port": 80, "targetPort": target}]}
    metadata = {"name": "web", "namespace": "apps"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {**spec, "selector": selector or {}}}


def flow(target: Ref | str, port: int = 80) -> Flow:
    return Flow(source=Ref("v1", "Pod", "client", "apps"), target=target, port=port)


def resolved(cluster: Cluster, one: Flow) -> Resolved:
    return resolve(cast("KubeClient", cluster), one)


WEB = Ref("v1", "Service", "web", "apps")


@pytest.mark.parametrize("target", [8080, "http"])
def test_behind_a_service_policies_see_the_port_of_the_pod(target: object) -> None:
    found = resolved(Cluster(NAMESPACE, CLIENT, service(target, {"app": "web"})), flow(WEB))
    assert (found.port, found.port_name, found.dial) == (8080, "http", "10.96.0.9:80")
    assert found.target.namespace_labels == {"team": "a"}


def test_a_named_port_that_no_pod_has_is_no_connection_that_was_denied() -> None:
    cluster = Cluster(NAMESPACE, CLIENT, service("grpc", {"app": "web"}))
    with pytest.raises(Breakdown, match="no Pod behind apps/Service/web has the port 'grpc'") as raised:
        resolved(cluster, flow(WEB))
    assert "apps/Pod/" in raised.value.hint


def test_a_named_port_is_that_of_a_container_that_runs_beside_the_others() -> None:
    beside = {"name": "mesh", "restartPolicy": "Always", "ports": [{"name": "grpc", "containerPort": 9090}]}
    once = {"name": "first", "ports": [{"name": "grpc", "containerPort": 1}]}
    pod = a_pod("client", {"app": "web"}, podIP="10.1.0.5")
    pod["spec"]["initContainers"] = [once, beside]
    found = resolved(Cluster(NAMESPACE, pod, service("grpc", {"app": "web"})), flow(WEB))
    assert (found.port, found.port_name) == (9090, "grpc")


def test_a_service_without_pods_is_no_denial() -> None:
    cluster = Cluster(NAMESPACE, CLIENT, service(8080, {"app": "web"}))
    cluster.objects = lambda *_, **__: []  # type: ignore[method-assign]
    with pytest.raises(Breakdown, match="nothing stands behind"):
        resolved(cluster, flow(WEB))


def test_a_service_that_somebody_else_points_is_an_address() -> None:
    ports, endpoints = [{"port": 6443}], [{"addresses": ["172.18.0.2"]}]
    piece = {"kind": "EndpointSlice", "metadata": {"name": "web"}, "ports": ports, "endpoints": endpoints}
    found = resolved(Cluster(NAMESPACE, CLIENT, service(6443), piece), flow(WEB, 80))
    assert (found.target, found.port) == (Peer(address="172.18.0.2"), 6443)


def test_an_address_outside_is_dialled_as_it_is() -> None:
    cluster = Cluster(NAMESPACE, CLIENT)
    assert resolved(cluster, flow("203.0.113.10", 443)).dial == "203.0.113.10:443"
    assert resolved(cluster, flow("2001:db8::1", 443)).dial == "[2001:db8::1]:443"


def test_a_name_is_no_address() -> None:
    with pytest.raises(Breakdown, match="is no IP address"):
        resolved(Cluster(NAMESPACE, CLIENT), flow("localhost"))


def test_a_pod_without_an_address_is_a_breakdown() -> None:
    with pytest.raises(Breakdown, match="has no address"):
        resolved(Cluster(NAMESPACE, a_pod("client", {}, podIP="", phase="Pending")), flow("203.0.113.10"))


def test_a_pod_in_the_nodes_network_is_an_address() -> None:
    server = a_pod("server", {"app": "server"})
    server["spec"]["hostNetwork"] = True
    found = resolved(Cluster(NAMESPACE, CLIENT, server), flow(Ref("v1", "Pod", "server", "apps"), 8080))
    assert found.target == Peer(address="10.1.0.7")


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (["TIMEOUT", EXITED], Seen.TIMEOUT),
        (["REFUSED", EXITED], Seen.REFUSED),
        (["DNS: lookup a.b: no such host", EXITED], Seen.DNS),
        (["OTHER: dial tcp 10.1.0.7:80: connect: no route to host", EXITED], Seen.NO_ROUTE),
        (["OTHER: dial tcp 10.1.0.7:80: connect: network is unreachable", EXITED], Seen.NO_ROUTE),
    ],
)
def test_a_probe_says_why_it_was_denied(said: list[str], meaning: Seen) -> None:
    assert outcome(said) is meaning


@pytest.mark.parametrize(
    "said",
    [
        [],
        ['Error from server (NotFound): pods "e01-client" not found'],
        ["OCI runtime exec failed: exec: /agnhost: no such file", "command terminated with exit code 126"],
        ["UNKNOWN: address 1: missing port", EXITED],
        ["OTHER: something new", EXITED],
    ],
)
def test_a_broken_probe_is_no_denial(said: list[str]) -> None:
    assert outcome(said) is None


def test_a_name_that_is_not_resolved_keeps_nobody_from_an_address(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nprintf "DNS: lookup None: no such host\\n{EXITED}\\n" >&2\nexit 1\n')
    kubectl.chmod(0o755)
    prober = Prober(kubectl=kubectl, kubeconfig=tmp_path / "config", home=tmp_path / "home", timeout_s=20)
    pod = Ref("v1", "Pod", "client", "near")
    assert prober.connect(pod, "10.96.0.10:53", "UDP") is Seen.DNS
    with pytest.raises(Breakdown, match="the probe near/Pod/client to None:80 did not work"):
        prober.connect(pod, "None:80")


def test_the_oracle_answers_each_question() -> None:
    assert answers(ALLOWED_TABLE + DENIED_TABLE, 2) == [Reach.ALLOWED, Reach.DENIED]


@pytest.mark.parametrize(("said", "count"), [("", 1), (ALLOWED_TABLE, 2), ("Is traffic allowed?\n(other words)", 1)])
def test_an_oracle_that_does_not_answer_is_a_breakdown(said: str, count: int) -> None:
    with pytest.raises(Breakdown, match="of network policies answered"):
        answers(said, count)


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "other"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_selectors_match_as_those_of_the_api_server(selector: Mapping[str, Any], matches: bool) -> None:
    assert selects(selector, {"app": "web"}) is matches


def test_the_policies_that_decide_are_named_by_direction() -> None:
    def policy(name: str, namespace: str, *types: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": namespace}, "spec": {"policyTypes": list(types)}}

    policies = [
        policy("deny", "apps", "Ingress", "Egress"),
        policy("in", "apps", "Ingress"),
        policy("x", "ops", "Egress"),
    ]
    one = resolved(Cluster(NAMESPACE, CLIENT), flow("203.0.113.10"))
    assert deciding(policies, one) == "egress: apps/deny; ingress: outside of policies"
    assert deciding([], one) == "egress: no policy; ingress: outside of policies"


def test_the_matrix_is_a_table() -> None:
    cell = Cell(
        source="a/b",
        target="c/d",
        port=80,
        protocol="TCP",
        expected=Reach.DENIED,
        observed=Seen.NOTHING,
        computed=Reach.DENIED,
        decided_by="egress: a/deny",
        twin=False,
        answered=True,
    )
    heads, line = as_text([cell]).splitlines()
    assert heads.split() == ["from", "to", "port", "expected", "observed", "computed", "decided", "by"]
    assert line.split() == ["a/b", "c/d", "80/TCP", "denied", "-", "denied", "egress:", "a/deny"]


def test_every_pod_of_the_network_checks_is_the_probe() -> None:
    planned = [one for path in sorted((CHECKS / "network").glob("*.yaml")) for one in load(path, PLACEHOLDERS)]
    pods = [one for one in planned if one.ref.kind == "Pod" and one.use != "wanted"]
    assert pods
    assert {pick(one.manifest, "spec", "containers", 0, "image") for one in pods} == {IMAGE}


@pytest.mark.parametrize(("capabilities", "fidelity"), [((), "simulated"), ((Capability.NODES,), "real")])
def test_only_on_nodes_connections_are_opened(capabilities: tuple[Capability, ...], fidelity: str) -> None:
    cluster: Any = SimpleNamespace(client=None, capabilities=frozenset(capabilities))
    assert Network(cluster, Path, Path(), Timeouts()).fidelity == fidelity
