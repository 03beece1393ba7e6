"""Kills mutants: a check that stays green while its control is gone cannot see, one that reddens for another is blind.

Under each mutant run the checks that claim it, which must turn red, and a few that do not, which must stay green.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from conformance.bootstrap.mutants import Mutant
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.harvest import Job
from conformance.model import Kill, Level, MutantResult, Outcome
from conformance.mutation.judging import judge_all, scenario_of, sweep

BYSTANDERS = 6
"""Checks that do not claim a mutant and run under it; another six for each mutant, so that all have their turn."""
GROUP = 60
"""Mutants after which their checks must all be green again. One that was not reverted cleanly reddens its group."""
_MUTATED_S = 20.0
"""A mutated platform shows its effect within 10 s; three of them on two cores take twice as long."""
_SLOW_S = 90.0
"""The same for a mutant that is slow by its nature; M69 was seen to take 44 s."""
_MUTATED_HOLD_S = 1.0
_QUICK_S = 8.0
_VERDICTS = {Outcome.PASSED: Kill.SURVIVED, Outcome.FAILED: Kill.KILLED}


def jobs_for(mutant: Mutant, jobs: Sequence[Job]) -> list[Job]:
    """Return the checks that claim to kill a mutant."""
    return [job for job in jobs if mutant.id in job.check.kills and _concerns(mutant.id, job.parameter)]


def _concerns(mutant_id: str, parameter: str) -> bool:
    """A check that runs once for each controller can see a change of that controller only."""
    controller = parameter.removesuffix("-controller")
    return controller == parameter or mutant_id.endswith(f"-{controller}") or "-" not in mutant_id


def bystanders_for(
    mutant: Mutant, jobs: Sequence[Job], turn: int, seconds: Mapping[str, float], namespaces: Collection[str] = ()
) -> list[Job]:
    """Return checks that a mutant must not touch: quick ones, others at each turn.

    Args:
        turn: which mutant of the run this is.
        seconds: how long each check took before; one that is missing was not judged and cannot stand by.
        namespaces: where a local mutant changes the ground; nobody stands by there.
    """
    able = [
        job
        for job in jobs
        if mutant.spares(job.check.kills)
        and job.check.id not in mutant.blinds
        and not job.check.exclusive
        and job.check.level is not Level.PROVISIONAL
        and seconds.get(job.key, _QUICK_S) < _QUICK_S
        and not (mutant.local and job.ground.namespaces & set(namespaces))
        and not (mutant.refuses & job.ground.kinds)
    ]
    able.sort(key=lambda job: (job.check.id[1:], job.key))  # neighbours in this order are of different areas
    start = turn * BYSTANDERS
    return [able[(start + n) % len(able)] for n in range(min(BYSTANDERS, len(able)))]


def kill(mutant: Mutant, jobs: Sequence[Job], platform: Platform, bystanders: Sequence[Job] = ()) -> MutantResult:
    """Apply a mutant, run the checks that claim it and the bystanders, and revert.

    Objects of a mutated platform are removed before the revert: what an unlocked controller applied, a locked one
    cannot prune (catalogue section 6). A tenant's sync whose interval ended meanwhile may have failed for the mutant:
    it is reconciled again, or it would redden the next one. Whether all is green again, `green_again` tells.

    What could not be judged within the short waits is judged once more, with those of a certification: M04, which half
    a hundred checks claim, was seen to need 24 s where the short wait is 20 s. A survivor or a false kill stays one.
    """
    started = lap = time.monotonic()
    stages: dict[str, float] = {}
    kills: dict[str, Kill] = {}
    stood_by: dict[str, Kill] = {}
    messages: list[str] = []
    reverted = False
    folder = f"evidence/{platform.environment}/mutants/{mutant.id}/mutated"
    everybody = [*jobs, *bystanders]

    def reached(stage: str) -> None:
        nonlocal lap
        stages[stage], lap = round(time.monotonic() - lap, 1), time.monotonic()

    try:
        with _syncs_mended(everybody, platform, folder), mutant.apply(platform, namespaces_of(jobs, platform)):
            reached("in force")
            seen = _judged(everybody, _impatient(platform, mutant), folder)
            reached("judged")
            if unjudged := [job for job in everybody if seen[job.key][0] is Kill.ERROR]:
                sweep(unjudged, platform, folder)
                seen |= _judged(unjudged, platform, f"{folder}-again")
                reached("judged again")
            for job in everybody:
                said, what = seen[job.key]
                (kills if job in jobs else stood_by)[job.key] = said
                if said is not (Kill.KILLED if job in jobs else Kill.SURVIVED):
                    messages.append(f"{job.key} {said}: {what}")
            sweep(everybody, platform, folder)
            reached("cleared")
        reached("undone")
        reverted = True
    except Breakdown as error:
        messages.append(f"{error.layer}: {error.what}")
        for job in jobs:
            kills.setdefault(job.key, Kill.ERROR)
    return MutantResult(
        id=mutant.id,
        description=mutant.description,
        environment=platform.environment,
        duration_s=round(time.monotonic() - started, 1),
        kills=kills,
        bystanders=stood_by,
        green_again=reverted,
        message="; ".join(messages),
        stages=stages,
    )


def _judged(jobs: Sequence[Job], platform: Platform, folder: str) -> dict[str, tuple[Kill, str]]:
    """Return of each check, by its key, what it said of the mutant, and why."""
    results = zip(_in_order(jobs), judge_all(jobs, platform, folder), strict=True)
    return {
        job.key: (_VERDICTS.get(result.outcome, Kill.ERROR), str(error or "passed")) for job, (result, error) in results
    }


def _syncs_mended(jobs: Sequence[Job], platform: Platform, folder: str) -> AbstractContextManager[None]:
    return scenario_of(jobs[0], platform, folder).syncs_mended() if jobs else nullcontext()


def _in_order(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in the order in which `judge_all` returns their results."""
    return sorted(jobs, key=lambda job: job.check.exclusive)


def not_green(jobs: Sequence[Job], platform: Platform, stage: str) -> dict[str, str]:
    """Judge checks on the reverted platform; return those that did not pass, with what they said."""
    folder = f"evidence/{platform.environment}/mutants/{stage}/reverted"
    red = {
        result.key: str(error)
        for result, error in judge_all(jobs, platform, folder)
        if result.outcome is not Outcome.PASSED
    }
    sweep(jobs, platform, folder)
    return red


def _impatient(platform: Platform, mutant: Mutant) -> Platform:
    """Return the platform with shorter waits: under a mutant what a check waits for may never come.

    A check that only needed more time would be no kill: it must be green again with the full waits.
    """
    bounds, longest = platform.timeouts, _SLOW_S if mutant.slow else _MUTATED_S
    short = replace(
        bounds,
        reconciled=min(longest, bounds.reconciled),
        health_checked=min(longest, bounds.health_checked),
        hold_window=_MUTATED_HOLD_S,
    )
    return replace(platform, timeouts=short)


def namespaces_of(jobs: Sequence[Job], platform: Platform) -> list[str]:
    """Return the tenant namespaces of these checks; those of the fleet's own tenants for a check that has none."""
    own = [job.ground.tenants for job in jobs] or [frozenset[str]()]
    return sorted({name for tenants in own for name in tenants or platform.tenants.values()})


def clear(jobs: Sequence[Job], platform: Platform) -> None:
    """Remove the objects of all checks: an attack that was denied before would succeed under somebody else's mutant."""
    sweep(jobs, platform, f"evidence/{platform.environment}/mutants/clear")


@dataclass(slots=True)
class Mutation:
    """The mutants of one platform, one after another, with the checks that were collected."""

    platform: Platform
    jobs: Sequence[Job]
    seconds: Mapping[str, float]
    """How long each check took in the certification before."""
    say: Callable[[str], None]
    _unproved: list[MutantResult] = field(default_factory=list)

    def kill(self, mutant: Mutant, turn: int) -> list[MutantResult]:
        """Run a mutant; return it with those before it once all of them are proved to be green again, else nothing."""
        claimed = jobs_for(mutant, self.jobs)
        namespaces = namespaces_of(claimed, self.platform)
        bystanders = bystanders_for(mutant, self.jobs, turn, self.seconds, namespaces)
        result = kill(mutant, claimed, self.platform, bystanders)
        self._unproved.append(result)
        said = ", ".join(f"{key} {word}" for key, word in result.kills.items()) or "no check claims it"
        false = [f"{key} {word}" for key, word in result.bystanders.items() if word is not Kill.SURVIVED]
        beside = f"NOT green beside it: {', '.join(false)}" if false else f"{len(result.bystanders)} others green"
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in result.stages.items())
        self.say(f"{result.id}: {said}; {beside}; {result.duration_s:.1f} s ({stages})")
        return self.prove_green() if not result.green_again or len(self._unproved) >= GROUP else []

    def prove_green(self) -> list[MutantResult]:
        """Judge the checks of all mutants since the last proof again; return those mutants, with what is not green."""
        results, self._unproved = self._unproved, []
        names = [result.id for result in results]
        if not names:
            return []
        started = time.monotonic()
        jobs = [job for job in self.jobs if set(names) & set(job.check.kills)]
        red = not_green(jobs, self.platform, names[-1])
        self.say(
            f"after {', '.join(names)}: {len(jobs) - len(red)} of {len(jobs)} checks green again, "
            f"{time.monotonic() - started:.1f} s"
        )
        return [_with_red(result, red) for result in results]


def _with_red(result: MutantResult, red: Mapping[str, str]) -> MutantResult:
    mine = [f"{key} is not green again: {red[key]}" for key in result.kills if key in red]
    if not mine:
        return result
    return replace(result, green_again=False, message="; ".join(filter(None, [result.message, *mine])))
