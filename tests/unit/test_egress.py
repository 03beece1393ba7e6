"""The suite opens its Git server to kustomize-controller only where live policies close it."""

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.bootstrap import egress
from conformance.model import Capability, Reach
from conformance.network import NotEnforced
from conformance.network.policies import selects

NODES = frozenset({Capability.NODES})
LIVE = {"app": "kustomize-controller", "pod-template-hash": "5d8f"}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "k", "namespace": "flux-system", "labels": LIVE}}


class Client:
    def __init__(self) -> None:
        self.applied: list[Any] = []

    def objects(self, *_: str, **__: str) -> list[Any]:
        return [POD]

    def apply(self, manifest: Any) -> None:
        self.applied.append(manifest)


class Enforcement:
    def __init__(self, *, enforces: bool = True) -> None:
        self.enforces = enforces
        self.waited = False

    def prove(self) -> None:
        if not self.enforces:
            raise NotEnforced("nothing is enforced")

    def catch_up(self) -> None:
        self.waited = True


def platform(reach: Reach, capabilities: frozenset[Capability] = NODES) -> Any:
    return SimpleNamespace(
        client=Client(),
        cluster=SimpleNamespace(capabilities=capabilities),
        flux_namespace="flux-system",
        git=SimpleNamespace(url="http://172.18.0.1:4711"),
        network=SimpleNamespace(compute=lambda flows: [reach for _ in flows], enforcement=Enforcement()),
    )


@pytest.mark.parametrize("made", [platform(Reach.ALLOWED), platform(Reach.DENIED, frozenset())])
def test_nothing_is_added_where_nothing_is_closed(made: Any) -> None:
    assert egress.admit_git_server(made) == ""
    assert made.client.applied == []


def test_one_server_is_opened_to_the_controller_and_not_to_a_pod_with_its_label() -> None:
    made = platform(Reach.DENIED)
    assert "172.18.0.1:4711" in egress.admit_git_server(made)
    (policy,) = made.client.applied
    (rule,) = policy["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "172.18.0.1/32"}}]
    assert rule["ports"] == [{"port": 4711, "protocol": "TCP"}]
    assert selects(policy["spec"]["podSelector"], LIVE)
    assert made.network.enforcement.waited
    assert not selects(policy["spec"]["podSelector"], {"app": "kustomize-controller"})


def test_a_network_that_enforces_nothing_is_left_to_its_check() -> None:
    made = platform(Reach.DENIED)
    made.network.enforcement = Enforcement(enforces=False)
    assert egress.admit_git_server(made)
