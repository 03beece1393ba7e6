"""The proof of the network while a platform comes up: what it says, and that it ends with the platform."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.bootstrap.proving import proof_of_network
from conformance.errors import Breakdown
from conformance.kube.wait import eventually
from conformance.model import Capability


def platform(prove: Any, *capabilities: Capability) -> Any:
    network = SimpleNamespace(enforcement=SimpleNamespace(prove=prove))
    return SimpleNamespace(cluster=SimpleNamespace(capabilities=frozenset(capabilities)), network=network)


def test_without_nodes_nothing_is_opened() -> None:
    with proof_of_network(platform(pytest.fail)) as proof:
        assert proof.result() == []


def test_what_stands_in_the_way_is_said_and_breaks_nothing() -> None:
    def refuse() -> None:
        raise Breakdown("the server is reached although a policy closes it")

    with proof_of_network(platform(refuse, Capability.NODES)) as proof:
        assert proof.result() == ["the server is reached although a policy closes it"]
    with proof_of_network(platform(lambda: None, Capability.NODES)) as proof:
        assert proof.result() == []


def test_a_platform_that_breaks_off_waits_for_no_proof() -> None:
    begun = threading.Event()

    def endless() -> None:
        begun.set()
        eventually(lambda: False, bool, timeout_s=600, what="never")

    def break_off() -> None:
        with proof_of_network(platform(endless, Capability.NODES)):
            begun.wait(10)
            raise RuntimeError("broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        break_off()
