"""What the network's checks ask about, on platforms of the suite's own and on clusters that are only read."""

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.model import Capability, Cell, Fidelity, Reach, Seen
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
        return [CELL], ["live"]


def scenario(capabilities: frozenset[Capability], *, dns: bool = False, pods: tuple[Any, ...] = ()) -> Any:
    client = SimpleNamespace(find=lambda _: {} if dns else None, objects=lambda *_, **__: list(pods))
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
    [(NODES, False, True), (OWN, True, False), (frozenset(), True, True), (frozenset(), False, False)],
)
def test_dns_is_asked_about_where_it_is_the_cluster_s_own(
    capabilities: frozenset[Capability], dns: bool, there: bool
) -> None:
    assert scenario(capabilities, dns=dns).has_dns is there


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
    assert one.evidence.kept[0] == ("network", "imagined", "imagined, not made: shared-far/Pod/e01-server\n")
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
