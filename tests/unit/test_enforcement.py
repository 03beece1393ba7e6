"""The proof that a network enforces policies: what it takes for one, how often it waits, and whom it tells."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import pytest

from conformance.errors import Breakdown, KubeError
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref
from conformance.network import Flow
from conformance.network import enforcement as enforcing
from conformance.network.enforcement import Enforcement, NotEnforced
from conformance.network.pods import NotReady
from conformance.settings import Timeouts


class Engine:
    """A network whose policies bite, or do not."""

    def __init__(self, *, enforces: bool) -> None:
        self.enforces = enforces
        self.late = False
        """What is opened does not show."""
        self.closed = False
        self.flips = 0
        self.breaks: Breakdown | None = None
        """What the API server says to who asks for the Pods."""

    def apply(self, manifest: Mapping[str, Any]) -> None:
        self.flips += manifest["kind"] == "NetworkPolicy"
        self.closed = self.closed or (self.enforces and manifest["kind"] == "NetworkPolicy")

    def delete_if_exists(self, _ref: Ref) -> None:
        self.closed = self.closed and self.late

    def objects_at(self, *_: object, fields: str, **__: object) -> tuple[list[Any], str]:
        if self.breaks is not None:
            raise self.breaks
        ready = {"conditions": [{"type": "Ready", "status": "True"}], "podIP": "10.1.0.7"}
        return [{"metadata": {"name": fields}, "status": ready}], "1"


def enforcement(engine: Engine) -> Enforcement:
    timeouts = Timeouts(network_settled=0.0, pod_ready=0.0)
    return Enforcement(cast("KubeClient", engine), lambda _: not engine.closed, timeouts)


def test_enforcement_is_proved_once_and_a_flip_is_shared() -> None:
    engine = Engine(enforces=True)
    proof = enforcement(engine)
    proof.prove()
    proof.prove()
    assert engine.flips == 1
    proof.catch_up()
    assert not engine.closed
    proof.cycle()
    assert not engine.closed


def test_a_network_that_does_not_enforce_says_so_each_time() -> None:
    proof = enforcement(Engine(enforces=False))
    for _ in range(2):
        with pytest.raises(NotEnforced, match="does not enforce NetworkPolicies"):
            proof.prove()


def test_one_packet_that_a_busy_node_lost_is_no_enforcement() -> None:
    said = [True, False, True]  # stands without the policy; with it, once lost, and let through
    timeouts = Timeouts(network_settled=0.0, pod_ready=0.0)
    proof = Enforcement(cast("KubeClient", Engine(enforces=False)), lambda _: said.pop(0), timeouts)
    with pytest.raises(NotEnforced):
        proof.prove()
    assert said == []


def test_what_a_busy_network_refused_before_does_not_count_when_it_is_judged() -> None:
    engine = Engine(enforces=True)
    proof = enforcement(engine)
    proof.prove()
    engine.late = True
    for asked in (proof.catch_up, proof.prove):
        with pytest.raises(NotEnforced):
            asked()
    engine.late = engine.closed = False
    proof.cycle()
    proof.prove()


class Wire:
    """What connects two Pods: nothing, until somebody mends it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.mended = False
        self.tried = 0

    def connects(self, _: Flow) -> bool:
        self.tried += 1
        return self.mended and not self.engine.closed

    def tries(self, ask: Callable[[], None], error: type[Breakdown]) -> int:
        before = self.tried
        with pytest.raises(error) as caught:
            ask()
        assert caught.type is error
        return self.tried - before


def wired(*, enforces: bool = True, pod_ready: float = 0.0) -> tuple[Enforcement, Wire]:
    engine = Engine(enforces=enforces)
    wire = Wire(engine)
    timeouts = Timeouts(network_settled=0.5, pod_ready=pod_ready)
    return Enforcement(cast("KubeClient", engine), wire.connects, timeouts), wire


def test_two_pods_that_never_connect_are_waited_for_once_by_all_checks_together() -> None:
    proof, wire = wired()
    check = partial(proof.prove, patient=False)
    assert wire.tries(check, Breakdown) > 2
    assert [wire.tries(check, Breakdown) for _ in range(12)] == [1] * 12
    assert wire.tries(proof.cycle, Breakdown) > 2  # E00's own
    assert wire.tries(check, Breakdown) == 1
    assert wire.tries(proof.prove, Breakdown) > 2  # while a platform comes up, and under mutants
    proof.forget()
    assert wire.tries(check, Breakdown) > 2


def test_two_pods_that_connect_late_are_proved_all_the_same() -> None:
    proof, wire = wired()
    assert wire.tries(proof.prove, Breakdown) > 2
    wire.mended = True
    proof.prove(patient=False)
    assert wire.engine.closed
    proof.catch_up()


def test_two_pods_that_connect_late_prove_nothing_of_a_network_without_policies() -> None:
    proof, wire = wired(enforces=False)
    assert wire.tries(proof.prove, Breakdown) > 2
    wire.mended = True
    assert wire.tries(partial(proof.prove, patient=False), NotEnforced) > 2


def test_a_flip_that_did_not_show_is_not_waited_for_by_each_who_stood_in_line() -> None:
    proof, wire = wired()
    wire.mended = True
    proof.prove()
    wire.engine.late = True
    assert wire.tries(proof.catch_up, NotEnforced) > 2
    assert [wire.tries(proof.catch_up, NotEnforced) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("closed", [True, False])
def test_rules_that_nobody_writes_any_more_are_no_enforcement_whatever_they_say(closed: bool) -> None:
    engine = Engine(enforces=True)
    proof = enforcement(engine)
    proof.prove()
    if not closed:
        proof.catch_up()
    assert engine.closed is closed
    engine.late = True
    engine.enforces = False
    for _ in range(2):
        with pytest.raises(NotEnforced):
            proof.cycle()


def test_what_the_api_server_refused_takes_nobodys_time_away() -> None:
    proof, wire = wired()
    wire.engine.breaks = KubeError("503")
    check = partial(proof.prove, patient=False)
    assert wire.tries(check, KubeError) == 0
    wire.engine.breaks = None
    assert wire.tries(check, Breakdown) > 2


def test_pods_that_do_not_come_up_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def wait(_client: object, _pods: object, timeout_s: float) -> None:
        given.append(timeout_s)
        raise NotReady("conformance-client was not Ready")

    monkeypatch.setattr(enforcing, "wait_ready", wait)
    proof, wire = wired(pod_ready=90.0)
    check = partial(proof.prove, patient=False)
    assert [wire.tries(ask, NotReady) for ask in (proof.prove, check, check, proof.cycle, check)] == [0] * 5
    assert given == [90.0, 0.0, 0.0, 90.0, 0.0]
