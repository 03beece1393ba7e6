"""What the network's checks ask about, on platforms of the suite's own and on clusters that are only read."""

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import Breakdown
from conformance.model import Capability, Cell, Fidelity, Reach, Seen
from conformance.network.matrix import Imagination
from conformance.networking import Networking

OWN = frozenset({Capability.SUBMISSIONS})
NODES = OWN | {Capability.NODES}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e01-server", "namespace": "shared-far"}}
CELL = Cell(
    source="a/b",
    target="c/d",
    port=80,
    protocol="TCP",
    expected=Reach.DENIED,
    observed=Seen.NOTHING,
    computed=Reach.DENIED,
    decided_by="egress: no policy; ingress: c/deny",
    twin=False,
    answered=True,
)


SAID = (
    "imagined, not made: shared-far/Pod/e01-server\n"
    "12 connections with 2 tenants computed, 3 not as expected; 1 in the matrix\n"
    "selectors that nothing satisfies: apps/odd\n"
)


class Records:
    def __init__(self) -> None:
        self.kept: list[tuple[str, str, Any]] = []

    def record(self, *words: Any) -> None:
        self.kept.append(words)


class Network:
    fidelity = Fidelity.SIMULATED

    def __init__(self) -> None:
        self.imagined: tuple[Any, ...] = ()

    def ask(self, _questions: Any) -> Any:
        return [CELL], ["live"]

    def imagine(self, *given: Any) -> Any:
        self.imagined = given
        return Imagination(cells=[CELL], policies=[{"kind": "live"}], asked=12, unexpected=3, unsatisfied=["apps/odd"])


def scenario(
    capabilities: frozenset[Capability],
    *,
    dns: bool = False,
    pods: tuple[Any, ...] = (),
    groups: tuple[str, ...] = ("apps", "networking.k8s.io"),
) -> Any:
    client = SimpleNamespace(
        find=lambda _: {} if dns else None, objects=lambda *_, **__: list(pods), groups=lambda: frozenset(groups)
    )
    one: Any = Networking()
    one.platform = SimpleNamespace(
        capabilities=capabilities,
        cluster=SimpleNamespace(capabilities=capabilities),
        client=client,
        network=Network(),
        tenants={"web": "web", "dev-team": "apps"},
        flux_namespace="flux-system",
        git=SimpleNamespace(url="http://127.0.0.1:4711"),
        registry=SimpleNamespace(address="127.0.0.1:5000"),
    )
    one.evidence, one.cells = Records(), []
    return one


@pytest.mark.parametrize(
    ("capabilities", "dns", "there"),
    [(NODES, False, True), (OWN, True, False), (frozenset(), True, True)],
)
def test_dns_is_asked_about_where_it_is_the_cluster_s_own(
    capabilities: frozenset[Capability], dns: bool, there: bool
) -> None:
    assert scenario(capabilities, dns=dns).has_dns is there


def test_where_an_existing_cluster_has_none_by_that_name_none_is_imagined() -> None:
    with pytest.raises(Breakdown, match="no kube-system/Service/kube-dns") as raised:
        _ = scenario(frozenset()).has_dns
    assert "compare the labels of its DNS server's Pods" in raised.value.hint


def node(address: str) -> dict[str, Any]:
    addresses = [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": address}]
    return {"status": {"addresses": addresses}}


def test_nodes_are_the_cluster_s_own_or_stood_for() -> None:
    assert scenario(NODES, pods=(node("172.18.0.2"),)).node_addresses() == ["172.18.0.2"]
    assert scenario(OWN).node_addresses() == ["192.0.2.10"]
    with pytest.raises(Breakdown, match="no node of the cluster has an InternalIP"):
        scenario(NODES).node_addresses()


def test_of_an_existing_cluster_they_are_those_that_flux_runs_on() -> None:
    hosts = ("10.0.4.7", "10.0.1.9", "10.0.4.7")
    pods = ({"status": {}}, *({"status": {"hostIP": host, "podIP": "10.244.0.9"}} for host in hosts))
    assert scenario(frozenset(), pods=pods).node_addresses() == ["10.0.1.9", "10.0.4.7"]
    with pytest.raises(Breakdown, match="no Pod in flux-system says which node it runs on"):
        scenario(frozenset(), pods=({"status": {"phase": "Pending"}},)).node_addresses()


@pytest.mark.parametrize(
    ("capabilities", "git", "registry"),
    [(OWN, ("127.0.0.1", 4711), ("127.0.0.1", 5000)), (frozenset(), ("198.51.100.10", 443), ("198.51.100.10", 443))],
)
def test_a_server_outside_is_the_suite_s_or_an_address_of_nobody(
    capabilities: frozenset[Capability], git: tuple[str, int], registry: tuple[str, int]
) -> None:
    assert (scenario(capabilities).outside("git"), scenario(capabilities).outside("registry")) == (git, registry)


def test_where_nothing_may_be_made_pods_are_imagined_with_each_tenant() -> None:
    pods = ({"spec": {"hostNetwork": True}, "status": {"podIP": "192.168.0.1"}}, {"status": {"podIP": "10.9.8.7"}})
    one = scenario(frozenset(), pods=pods)
    assert one.ask_network([], [POD]) == [CELL]
    assert one.platform.network.imagined == ([], [POD], ["apps", "web"], "10.9.8.7")
    assert one.evidence.kept[0] == ("network", "imagined", SAID)
    assert (one.fidelity, one.cells) == (Fidelity.SIMULATED, [CELL])


def test_without_a_pod_of_flux_they_get_a_usual_address() -> None:
    one = scenario(frozenset())
    one.ask_network([], [POD])
    assert one.platform.network.imagined[3] == "10.244.0.10"


def test_on_a_platform_of_its_own_nothing_is_imagined() -> None:
    one = scenario(OWN)
    assert one.ask_network([], [POD]) == [CELL]
    assert one.platform.network.imagined == ()
    assert [name for _, name, _ in one.evidence.kept] == ["matrix", "cells", "NetworkPolicies of the cluster"]


@pytest.mark.parametrize(
    "group", ["cilium.io", "crd.projectcalico.org", "projectcalico.org", "policy.networking.k8s.io"]
)
def test_policies_that_are_not_read_leave_an_audit_without_an_answer(group: str) -> None:
    one = scenario(frozenset(), groups=("apps", group))
    with pytest.raises(Breakdown, match=f"others that decide too: {group}"):
        one.ask_network([], [POD])
    assert (one.cells, one.fidelity) == ([CELL], Fidelity.SIMULATED)
    assert [name for _, name, _ in one.evidence.kept][1:] == ["matrix", "cells", "NetworkPolicies of the cluster"]


def test_a_platform_of_its_own_is_not_asked_for_other_policies() -> None:
    assert scenario(OWN, groups=("cilium.io",)).ask_network([], [POD]) == [CELL]


def test_a_pod_that_is_over_is_none_of_those_that_run() -> None:
    evicted = {"metadata": {"name": "old"}, "status": {"phase": "Failed"}}
    leaving = {"metadata": {"name": "leaving", "deletionTimestamp": "now"}, "status": {"phase": "Running"}}
    runs = {"metadata": {"name": "runs"}, "status": {"phase": "Running"}}
    assert scenario(NODES, pods=(evicted, leaving, runs)).pods_with("flux-system", "app=x") == ["runs"]
    with pytest.raises(Breakdown, match="has no Pod with app=x"):
        scenario(NODES, pods=(evicted, leaving)).pods_with("flux-system", "app=x")
