"""Mutants side by side: several platforms take them from one queue, since most of a mutant's time is waiting."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psutil

from conformance.bootstrap.mutants import Mutant
from conformance.errors import Breakdown
from conformance.model import MutantResult
from conformance.mutation import Mutation

_MOST = 4
_WORTH = 40
"""Mutants for which a further platform is worth its bring-up and its own proof."""
_PLATFORM_BYTES = 2 * 1024**3
"""What one platform and its faulty controllers take; seen 1.5 GiB."""


def platforms_for(mutants: int) -> int:
    """Return how many platforms are worth their bring-up.

    One for each so many mutants, as far as memory goes, one more than there are cores: most of the time each waits.
    """
    return max(1, min((os.cpu_count() or 1) + 1, _MOST, mutants // _WORTH, 1 + room()))


def room() -> int:
    """Return how many further platforms the free memory holds."""
    return int(psutil.virtual_memory().available // _PLATFORM_BYTES)


class MutantQueue:
    """The mutants of one environment, and what became of each.

    Every platform has a lane of neighbours in the catalogue's order, which share checks: fewer are to be proved green
    again on more than one platform. Whoever is done takes from the end of the longest lane.
    """

    def __init__(self, mutants: Sequence[Mutant], done: Callable[[MutantResult], None], *, lanes: int = 1) -> None:
        self._count, self._judged = len(mutants), 0
        self._lanes = _split(list(enumerate(mutants)), lanes)
        self._done = done
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._futures: dict[str, Future[MutantResult]] = {mutant.id: Future() for mutant in mutants}

    def __len__(self) -> int:
        return self._count

    def result(self, mutant: Mutant) -> MutantResult:
        """Return a mutant's result when its group is proved.

        Raises:
            Breakdown: no platform was left to run it on.
        """
        return self._futures[mutant.id].result()

    def progress(self) -> str:
        """Return how far all platforms are together: a mutant is proved when all is green again after its group."""
        proved = sum(future.done() for future in self._futures.values())
        return f"{self._judged} of {self._count} mutants judged, {proved} proved"

    def stop(self) -> None:
        """Let no platform begin another mutant."""
        self._stopped.set()

    def work(self, mutation: Mutation, lane: int = 0) -> None:
        """Run mutants on one platform until none is left, those of its own lane first."""
        while (taken := self._take(lane)) is not None:
            turn, mutant = taken
            proved = mutation.kill(mutant, turn)
            with self._lock:
                self._judged += 1
            self._settle(proved)
        self._settle(mutation.prove_green())

    def abandon(self, why: str) -> None:
        """Say of every mutant without a result that it was not judged: no platform is left."""
        for name, future in self._futures.items():
            if not future.done():
                future.set_exception(Breakdown(f"{name} was not run: {why}"))

    def _take(self, lane: int) -> tuple[int, Mutant] | None:
        with self._lock:
            if self._stopped.is_set():
                return None
            if self._lanes[lane]:
                return self._lanes[lane].popleft()
            longest = max(self._lanes, key=len)
            return longest.pop() if longest else None

    def _settle(self, results: Sequence[MutantResult]) -> None:
        for result in results:
            self._done(result)
            self._futures[result.id].set_result(result)


def _split(mutants: Sequence[tuple[int, Mutant]], lanes: int) -> list[deque[tuple[int, Mutant]]]:
    """Cut a list into equal pieces, in its order; in each the slow ones come first, so that nobody waits for them."""
    size = -(-len(mutants) // lanes)
    pieces = [mutants[size * lane : size * (lane + 1)] for lane in range(lanes)]
    return [deque(sorted(piece, key=lambda numbered: not numbered[1].slow)) for piece in pieces]


@dataclass(frozen=True, slots=True)
class MutantRun:
    """One mutant of a queue."""

    mutant: Mutant
    queue: MutantQueue

    def kill(self) -> MutantResult:
        """Return what became of the mutant, when it is proved."""
        return self.queue.result(self.mutant)


class Workers:
    """A thread for each platform that takes mutants from a queue; leaving the block lets each end what it is at."""

    def __init__(self, queue: MutantQueue) -> None:
        self._queue = queue
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._at_work = 0
        self._errors: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._queue.stop()
        for thread in self._threads:
            thread.join()

    def start(self, work: Callable[[], None]) -> None:
        """Start a worker; when the last one ended, what is left of the queue is abandoned."""
        self._at_work += 1
        thread = threading.Thread(target=self._run, args=(work,), name=f"mutants-{self._at_work}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever broke this platform, another may go on
            self._errors.append(f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._at_work -= 1
                if not self._at_work:
                    self._queue.abandon("; ".join(self._errors) or "the run was interrupted")
