"""What a check says of connections: allowed and denied ones, each beside the connection that must stand.

A denied connection counts only where the same port of the same target can be reached by somebody else at the same time:
a server that is down would look the same. A refusal, a timeout and a missing route are all denials: networks differ in
how they refuse. What the policies say is compared with what was seen, cell by cell.
"""

from collections.abc import Sequence

from conformance.errors import Breakdown, Finding
from conformance.model import Cell, Fidelity, Reach
from conformance.network import Flow, Question
from conformance.scenario import Scenario


def expect_flows(
    scenario: Scenario, *, given: Sequence[Flow] = (), allowed: Sequence[Flow] = (), denied: Sequence[Flow] = ()
) -> None:
    """Judge connections, all opened at the same time.

    Args:
        given: preconditions: connections that must stand for the others to mean anything.
        allowed: connections that the property promises.
        denied: connections that the property forbids.

    Raises:
        Finding: a forbidden connection stands, a promised one does not, or the network lets through what its policies
            deny.
        Breakdown: a precondition does not stand, or a connection is denied although no policy denies it.
    """
    __tracebackhide__ = True
    questions = [
        *(Question(flow=flow, expected=Reach.ALLOWED, twin=True) for flow in given),
        *(Question(flow=flow, expected=Reach.ALLOWED) for flow in allowed),
        *(Question(flow=flow, expected=Reach.DENIED) for flow in denied),
    ]
    _require_partners(scenario, questions)
    cells = scenario.ask_network(questions, [subject.manifest for subject in scenario.subjects])
    judge_cells(scenario.check.id, cells)
    # Silence where nobody listens shows nothing: there the policies alone were judged.
    if any(flow.answered for flow in denied) and scenario.fidelity is Fidelity.REAL:
        scenario.shown_by_traffic()


def _require_partners(scenario: Scenario, questions: Sequence[Question]) -> None:
    """Refuse a denied connection to where nobody is expected to be let in: its denial would prove nothing."""
    reached = {(q.flow.target, q.flow.port, q.flow.protocol) for q in questions if q.expected is Reach.ALLOWED}
    for flow in (q.flow for q in questions if q.expected is Reach.DENIED and q.flow.answered):
        if (flow.target, flow.port, flow.protocol) not in reached:
            raise Breakdown(
                f"{scenario.check.id}: nobody is expected to reach {flow.target_name}, port {flow.port}",
                hint="give a connection to the same port that stands, or mark the flow as not answered",
            )


def judge_cells(check_id: str, cells: Sequence[Cell]) -> None:
    """Judge a matrix; what lets too much through is said before anything else.

    Raises:
        Finding, Breakdown: as `expect_flows`.
    """
    __tracebackhide__ = True
    for rule in (_leak, _not_enforced, _broken_twin, _closed, _unexplained):
        for cell in cells:
            if (error := rule(check_id, cell)) is not None:
                raise error


def _leak(_: str, cell: Cell) -> Exception | None:
    if cell.expected is Reach.ALLOWED or cell.seen is Reach.DENIED:
        return None
    return Finding(f"{cell.name} is let through", wanted="denied", observed=_said(cell))


def _not_enforced(_: str, cell: Cell) -> Exception | None:
    if cell.agrees or cell.computed is Reach.ALLOWED:
        return None
    return Finding(f"{cell.name} stands although the policies deny it", wanted="denied", observed=_said(cell))


def _broken_twin(check_id: str, cell: Cell) -> Exception | None:
    if not cell.twin or cell.seen is Reach.ALLOWED:
        return None
    return Breakdown(f"{check_id}: a precondition does not hold: {cell.name} does not stand\n  observed  {_said(cell)}")


def _closed(_: str, cell: Cell) -> Exception | None:
    if cell.expected is Reach.DENIED or cell.seen is Reach.ALLOWED:
        return None
    return Finding(f"{cell.name} does not stand", wanted="allowed", observed=_said(cell))


def _unexplained(check_id: str, cell: Cell) -> Exception | None:
    if cell.agrees:
        return None
    said = f"{cell.name} was denied, and no policy denies it: that proves nothing"
    return Breakdown(f"{check_id}: {said}\n  observed  {_said(cell)}")


def _said(cell: Cell) -> str:
    seen = f"{cell.observed}, " if cell.observed else "no packet sent, "
    return f"{seen}computed {cell.computed}; {cell.decided_by}"
