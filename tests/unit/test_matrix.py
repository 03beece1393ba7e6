"""How a matrix is asked on nodes: what must stand before a denial counts, and what is tried again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.errors import Breakdown
from conformance.kube.objects import Ref
from conformance.model import Capability, Reach, Seen
from conformance.network import Flow, Network, Question, matrix
from conformance.network.flows import Resolved
from conformance.providers.protocol import Cluster
from conformance.settings import Timeouts

SERVER = Ref("v1", "Pod", "server", "far")
NEIGHBOUR, CLIENT = Ref("v1", "Pod", "neighbour", "far"), Ref("v1", "Pod", "client", "near")
DNS = Ref("v1", "Service", "kube-dns", "kube-system")
CONNECTED = Seen.CONNECTED

Answer = Callable[[Flow], Seen]


class Client:
    """Has every object that it is asked for, as a Pod."""

    def get(self, ref: Ref) -> dict[str, Any]:
        metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {}}
        spec = {"containers": [], "ports": [{"port": 53}], "clusterIP": "10.96.0.10", "selector": {"a": "b"}}
        return {"metadata": metadata, "spec": spec, "status": {"podIP": "10.1.0.7"}}

    def find(self, ref: Ref) -> dict[str, Any]:
        return self.get(ref)

    def objects(self, *_: str, **__: str) -> list[dict[str, Any]]:
        return [self.get(Ref("v1", "Pod", "coredns", "kube-system"))]


@pytest.fixture
def asked() -> list[Flow]:
    """Every connection that was opened."""
    return []


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, asked: list[Flow], tmp_path: Path) -> Callable[[Answer, Answer], Network]:
    """Return a network by what its Pods see and by what its policies say (connected: allowed)."""

    def make(sees: Answer, policies: Answer) -> Network:
        def opened(_: Network, resolved: Resolved) -> Seen:
            asked.append(resolved.flow)
            return sees(resolved.flow)

        def computed(_: Network, flows: Sequence[Resolved], __: object) -> list[Reach]:
            return [Reach.ALLOWED if policies(one.flow) is CONNECTED else Reach.DENIED for one in flows]

        monkeypatch.setattr(Network, "_open", opened)
        monkeypatch.setattr(Network, "_computed", computed)
        monkeypatch.setattr(matrix, "wait_ready", lambda *_: None)
        monkeypatch.setattr(matrix, "live_policies", lambda _: [])
        cluster = cast(Cluster, SimpleNamespace(capabilities={Capability.NODES}, client=Client()))
        made = Network(cluster, Path, tmp_path, Timeouts(network_settled=0.0))
        made.enforcement = cast(Any, SimpleNamespace(prove=lambda *, patient: None, catch_up=lambda: None))
        return made

    return make


TWIN = Question(flow=Flow(source=NEIGHBOUR, target=SERVER, port=8080), expected=Reach.ALLOWED, twin=True)
ATTACK = Question(flow=Flow(source=CLIENT, target=SERVER, port=8080), expected=Reach.DENIED)


def closed(flow: Flow) -> Seen:
    """The attacker's policies let it to the DNS server alone."""
    return CONNECTED if flow.source == NEIGHBOUR or flow.target == DNS else Seen.TIMEOUT


def dead(flow: Flow) -> Seen:
    """The attacker's own network never came up."""
    return CONNECTED if flow.source == NEIGHBOUR else Seen.NO_ROUTE


def test_a_pod_that_is_kept_from_everybody_shows_that_it_could_connect(network: Any, asked: list[Flow]) -> None:
    cells, _ = network(closed, closed).ask([TWIN, ATTACK])
    assert [cell.observed for cell in cells] == [CONNECTED, Seen.TIMEOUT]
    assert [flow.target for flow in asked if flow.source == CLIENT] == [DNS, SERVER]  # the denied one once


def test_a_pod_without_a_network_is_no_denial(network: Any) -> None:
    with pytest.raises(Breakdown, match=r"near/Pod/client does not even reach kube-system/Service/kube-dns, port 53"):
        network(dead, closed).ask([TWIN, ATTACK])


def test_what_another_pod_is_let_through_to_is_told_before_it(network: Any) -> None:
    leaking = Ref("v1", "Pod", "outsider", "default")
    leak = Question(flow=Flow(source=leaking, target=SERVER, port=8080), expected=Reach.DENIED)
    cells, _ = network(lambda flow: CONNECTED if flow.source == leaking else dead(flow), closed).ask([ATTACK, leak])
    assert [cell.observed for cell in cells] == [Seen.NO_ROUTE, CONNECTED]


def test_a_pod_that_no_policy_lets_anywhere_has_nothing_to_show(network: Any) -> None:
    cells, _ = network(dead, dead).ask([TWIN, ATTACK])
    assert [cell.observed for cell in cells] == [CONNECTED, Seen.NO_ROUTE]


def test_a_pod_that_reaches_somebody_in_the_check_is_asked_for_no_more(network: Any, asked: list[Flow]) -> None:
    to_dns = Question(flow=Flow(source=CLIENT, target=DNS, port=53), expected=Reach.ALLOWED)
    network(closed, closed).ask([to_dns, ATTACK])
    assert [flow.target for flow in asked] == [DNS, DNS, SERVER]


@pytest.mark.parametrize(
    ("said", "observed"),
    [([CONNECTED, Seen.TIMEOUT, CONNECTED], CONNECTED), ([CONNECTED, Seen.TIMEOUT, Seen.REFUSED], Seen.REFUSED)],
)
def test_one_packet_that_a_busy_node_loses_does_not_close_what_stood(
    network: Any, said: list[Seen], observed: Seen
) -> None:
    answers = iter(said)
    cells, _ = network(lambda _: next(answers), closed).ask([TWIN])
    assert [cell.observed for cell in cells] == [observed]
    assert list(answers) == []
