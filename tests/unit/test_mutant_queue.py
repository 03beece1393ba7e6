"""Platforms take mutants from one queue; what no platform could run was not judged."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import Breakdown
from conformance.model import Environment, Kill, MutantResult
from conformance.mutation.queue import MutantQueue, Workers, platforms_for

CHOSEN = [MUTANTS[name] for name in ("M01-kustomize", "M01-helm", "M02", "M07")]


def killed(name: str) -> MutantResult:
    return MutantResult(
        id=name,
        description="",
        environment=Environment.STAGING,
        duration_s=1.0,
        kills={"A01": Kill.KILLED},
        green_again=True,
    )


class Side:
    """Proves its mutants in pairs."""

    def __init__(self, breaks_at: str = "") -> None:
        self.breaks_at = breaks_at
        self.open: list[MutantResult] = []
        self.turns: list[int] = []

    def kill(self, mutant: Any, turn: int) -> Sequence[MutantResult]:
        if mutant.id == self.breaks_at:
            raise RuntimeError("the platform is gone")
        self.turns.append(turn)
        self.open.append(killed(mutant.id))
        return self.prove_green() if len(self.open) == 2 else []

    def prove_green(self) -> Sequence[MutantResult]:
        found, self.open = self.open, []
        return found


def run(queue: MutantQueue, *sides: Any) -> None:
    with Workers(queue) as workers:
        for side in sides:
            workers.start(lambda side=side: queue.work(side))
        for thread in workers._threads:
            thread.join()


def test_progress_tells_those_that_wait_for_their_groups_proof() -> None:
    queue, said = MutantQueue(CHOSEN[:3], lambda _: None), list[str]()

    class Told(Side):
        def kill(self, mutant: Any, turn: int) -> Sequence[MutantResult]:
            said.append(queue.progress())
            return super().kill(mutant, turn)

    run(queue, Told())
    assert said == [f"{n} of 3 mutants judged, {proved} proved" for n, proved in ((0, 0), (1, 0), (2, 2))]
    assert queue.progress() == "3 of 3 mutants judged, 3 proved"


def test_every_mutant_is_run_once_by_some_platform() -> None:
    done: list[MutantResult] = []
    queue = MutantQueue(CHOSEN, done.append)
    sides = [Side(), Side()]
    run(queue, *sides)
    assert sorted(result.id for result in done) == sorted(mutant.id for mutant in CHOSEN)
    assert sorted(turn for side in sides for turn in side.turns) == [0, 1, 2, 3]
    assert [queue.result(mutant).id for mutant in CHOSEN] == [mutant.id for mutant in CHOSEN]
    assert queue.progress() == "4 of 4 mutants judged, 4 proved"


def test_what_a_lost_platform_did_not_prove_was_not_judged() -> None:
    queue = MutantQueue(CHOSEN, lambda _: None)
    run(queue, Side(breaks_at="M02"))
    assert queue.result(CHOSEN[0]).killed
    for mutant in CHOSEN[2:]:
        with pytest.raises(Breakdown, match=r"was not run: RuntimeError: the platform is gone"):
            queue.result(mutant)


def test_a_stopped_queue_gives_no_further_mutant() -> None:
    queue = MutantQueue(CHOSEN, lambda _: None)
    queue.stop()
    run(queue, Side())
    with pytest.raises(Breakdown, match="interrupted"):
        queue.result(CHOSEN[0])


def test_a_platform_is_worth_its_bring_up_for_a_group_of_mutants_only() -> None:
    assert platforms_for(1) == 1
    assert platforms_for(1000) <= 4


def test_leaving_the_block_waits_for_the_mutant_that_is_under_way() -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        begun.wait(5)
        ended.append(True)

    with Workers(MutantQueue([], lambda _: None)) as workers:
        workers.start(work)
        begun.set()
    assert ended


def slow(name: str) -> Any:
    return replace(MUTANTS[name], slow=True)


def test_each_platform_takes_its_own_lane_in_order_and_the_slow_ones_first() -> None:
    chosen = [CHOSEN[0], slow("M01-helm"), CHOSEN[2], CHOSEN[3]]
    queue = MutantQueue(chosen, lambda _: None, lanes=2)
    first, second = Side(), Side()
    queue.work(first, 0)
    assert first.turns == [1, 0, 3, 2], "its own lane, and then from the end of the other"
    queue.work(second, 1)
    assert not second.turns


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 7])
def test_lanes_lose_no_mutant_and_double_none(lanes: int) -> None:
    queue = MutantQueue(CHOSEN, lambda _: None, lanes=lanes)
    side = Side()
    queue.work(side, lanes - 1)
    assert sorted(side.turns) == [0, 1, 2, 3]
