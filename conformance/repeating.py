"""The truth about flakiness: the same checks again and again on one platform, and how sure that makes of each.

No round forgives another: what failed once has failed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import comb

from conformance.harvest import Harvest, Job
from conformance.model import Level, Outcome, Result, Tally
from conformance.mutation.judging import judge_all, sweep

CONFIDENCE = 0.95
_WORST = (Outcome.FAILED, Outcome.ERROR, Outcome.PASSED)
_STEPS = 60
_OPEN = "limits open"

Judged = tuple[Result, BaseException | None]


def upper_bound(bad: int, rounds: int, confidence: float = CONFIDENCE) -> float:
    """Return the failure rate that is not exceeded, with this confidence, given `bad` of `rounds` that went wrong.

    One-sided and exact (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934): the rate at which so few would come with
    probability 1 - confidence. For none of n that is 1 - (1 - confidence)^(1/n): 14 % after 20 rounds.
    """
    if bad >= rounds:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        rate = (low + high) / 2
        fewer = sum(comb(rounds, k) * rate**k * (1 - rate) ** (rounds - k) for k in range(bad + 1))
        low, high = (rate, high) if fewer > 1 - confidence else (low, rate)
    return high


@dataclass(slots=True)
class Rounds:
    """All rounds of one platform's checks."""

    harvest: Harvest
    say: Callable[[str], None]
    _found: dict[str, list[Judged]] = field(default_factory=dict)

    def run(self, rounds: int) -> list[Tally]:
        """Wait for the first round, do the others, and let the worst of each check be its result."""
        jobs, platform = self.harvest.jobs, self.harvest.platform
        for job in jobs:
            self._found[job.key] = [self.harvest.result(job)]
        self._told(1, rounds)
        for number in range(2, rounds + 1):
            folder = f"evidence/{platform.environment}/rounds/{number:03d}"
            sweep(jobs, platform, folder)
            for result, error in judge_all(jobs, platform, folder):
                self._found[result.key].append((result, error))
            self._told(number, rounds)
        return [self._tally(job) for job in jobs]

    def _told(self, number: int, rounds: int) -> None:
        for line in round_lines(number, rounds, [found[-1][0] for found in self._found.values()]):
            self.say(line)

    def _tally(self, job: Job) -> Tally:
        found = self._found[job.key]
        worst, error = min(found, key=lambda judged: _WORST.index(judged[0].outcome))
        counts = Counter(result.outcome for result, _ in found)
        bad = len(found) - counts[Outcome.PASSED]
        if bad:
            note = f"{bad} of {len(found)} rounds did not pass"
            worst = replace(worst, message=f"{worst.message}\n{note}".strip())
        self.harvest.settle(job, worst, error)
        return Tally(
            key=job.key,
            environment=worst.environment,
            rounds=len(found),
            failed=counts[Outcome.FAILED],
            errors=counts[Outcome.ERROR],
            upper_bound=round(upper_bound(bad, len(found)), 4),
        )


def round_lines(number: int, rounds: int, results: Sequence[Result]) -> list[str]:
    """Return what is said of a round as soon as it ends: how many results of each kind, and what did not pass."""
    said = Counter(_word(result) for result in results)
    lines = [f"round {number} of {rounds}: " + ", ".join(f"{count} {word}" for word, count in sorted(said.items()))]
    amiss = [result for result in results if _word(result) not in (str(Outcome.PASSED), _OPEN)]
    return lines + [
        f"round {number}: {one.key} {one.outcome}: {''.join(one.message.splitlines()[:1])}" for one in amiss
    ]


def _word(result: Result) -> str:
    open_limit = result.level is Level.PROVISIONAL and result.outcome is Outcome.FAILED
    return _OPEN if open_limit else str(result.outcome)
