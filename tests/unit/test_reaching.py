"""What a matrix of connections means: a leak before all else, a denial only beside a connection that stands."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.errors import Breakdown, Finding
from conformance.kube.objects import Ref
from conformance.model import Cell, Fidelity, Reach, Seen
from conformance.network import Flow, Question
from conformance.reaching import expect_flows, judge_cells
from conformance.scenario import Scenario

ALLOWED, DENIED = Reach.ALLOWED, Reach.DENIED


def cell(expected: Reach, observed: Seen, computed: Reach, *, twin: bool = False, answered: bool = True) -> Cell:
    return Cell(
        source="shared-near/e01-client",
        target="shared-far/e01-server",
        port=8080,
        protocol="TCP",
        expected=expected,
        observed=observed,
        computed=computed,
        decided_by="egress: shared-near/default-deny; ingress: shared-far/default-deny",
        twin=twin,
        answered=answered,
    )


@pytest.mark.parametrize("seen", [Seen.REFUSED, Seen.TIMEOUT, Seen.NO_ROUTE, Seen.NOTHING])
def test_a_denial_holds_however_the_network_refuses(seen: Seen) -> None:
    judge_cells("E01", [cell(DENIED, seen, DENIED)])


@pytest.mark.parametrize("seen", [Seen.CONNECTED, Seen.NOTHING])
def test_a_promised_connection_holds(seen: Seen) -> None:
    judge_cells("E03", [cell(ALLOWED, seen, ALLOWED), cell(ALLOWED, seen, ALLOWED, twin=True)])


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(cell(DENIED, Seen.CONNECTED, ALLOWED), "is let through", id="a leak"),
        pytest.param(cell(DENIED, Seen.NOTHING, ALLOWED), "is let through", id="a leak that was computed"),
        pytest.param(cell(DENIED, Seen.CONNECTED, DENIED), "is let through", id="a leak in spite of the policies"),
        pytest.param(cell(ALLOWED, Seen.CONNECTED, DENIED), "although the policies deny", id="not enforced"),
        pytest.param(cell(ALLOWED, Seen.TIMEOUT, DENIED), "does not stand", id="closed by a policy"),
        pytest.param(cell(ALLOWED, Seen.TIMEOUT, ALLOWED), "does not stand", id="closed by something else"),
        pytest.param(cell(DENIED, Seen.REFUSED, ALLOWED, answered=False), "is let through", id="nobody answers"),
    ],
)
def test_a_finding_names_the_connection_and_the_policies(one: Cell, words: str) -> None:
    with pytest.raises(Finding, match=words) as found:
        judge_cells("E01", [one])
    assert "shared-near/e01-client to shared-far/e01-server, 8080/TCP" in found.value.what
    assert "shared-far/default-deny" in found.value.observed


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(cell(ALLOWED, Seen.TIMEOUT, ALLOWED, twin=True), "a precondition does not hold", id="the twin"),
        pytest.param(cell(ALLOWED, Seen.NOTHING, DENIED, twin=True), "a precondition does not hold", id="computed"),
        pytest.param(cell(DENIED, Seen.TIMEOUT, ALLOWED), "proves nothing", id="denied by something else"),
    ],
)
def test_what_proves_nothing_is_no_finding_and_no_pass(one: Cell, words: str) -> None:
    with pytest.raises(Breakdown, match=words):
        judge_cells("E01", [one])


def test_a_leak_is_said_before_a_twin_that_fails() -> None:
    twin = cell(ALLOWED, Seen.TIMEOUT, ALLOWED, twin=True)
    with pytest.raises(Finding):
        judge_cells("E01", [twin, cell(DENIED, Seen.CONNECTED, DENIED)])


class Asked:
    """A scenario that keeps what it is asked."""

    def __init__(self, fidelity: Fidelity) -> None:
        self.check = SimpleNamespace(id="E01")
        self.fidelity = fidelity
        self.asked: list[Question] = []
        self.subjects: list[Any] = []
        self.shown = 0

    def ask_network(self, questions: list[Question], _manifests: object) -> list[Cell]:
        self.asked = questions
        seen = {ALLOWED: Seen.CONNECTED, DENIED: Seen.TIMEOUT}
        return [cell(one.expected, seen[one.expected], one.expected, twin=one.twin) for one in questions]

    def shown_by_traffic(self) -> None:
        self.shown += 1


def flow(source: str, port: int = 8080, **fields: Any) -> Flow:
    return Flow(source=Ref("v1", "Pod", source, "a"), target=Ref("v1", "Pod", "server", "b"), port=port, **fields)


@pytest.mark.parametrize(("fidelity", "shown"), [(Fidelity.REAL, 1), (Fidelity.SIMULATED, 0)])
def test_only_a_denial_that_was_seen_is_counted(fidelity: Fidelity, shown: int) -> None:
    asked = Asked(fidelity)
    expect_flows(cast("Scenario", asked), given=[flow("neighbour")], denied=[flow("attacker")])
    assert [(one.expected, one.twin) for one in asked.asked] == [(ALLOWED, True), (DENIED, False)]
    assert asked.shown == shown


def test_a_denial_without_anybody_who_is_let_in_is_refused() -> None:
    with pytest.raises(Breakdown, match="nobody is expected to reach b/server, port 9090"):
        expect_flows(cast("Scenario", Asked(Fidelity.REAL)), given=[flow("neighbour")], denied=[flow("attacker", 9090)])


def test_where_nobody_answers_the_policies_are_judged_and_no_denial_was_seen() -> None:
    asked = Asked(Fidelity.REAL)
    expect_flows(cast("Scenario", asked), denied=[flow("attacker", answered=False)])
    assert asked.shown == 0
    expect_flows(
        cast("Scenario", asked),
        given=[flow("neighbour")],
        denied=[flow("attacker"), flow("attacker", 1, answered=False)],
    )
    assert asked.shown == 1
