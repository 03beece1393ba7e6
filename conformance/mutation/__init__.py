"""Kills mutants: a check that stays green while its control is gone cannot see."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from conformance.bootstrap.mutants import Mutant
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.harvest import Job, judge
from conformance.manifests import tenants_of
from conformance.model import Kill, MutantResult, Outcome
from conformance.scenario import Scenario

_WORKERS = 8
_MUTATED_S = 15.0
"""A mutated platform shows its effect within 10 s."""
_VERDICTS = {Outcome.PASSED: Kill.SURVIVED, Outcome.FAILED: Kill.KILLED}


def jobs_for(mutant: Mutant, jobs: Sequence[Job]) -> list[Job]:
    """Return the checks that claim to kill a mutant."""
    return [job for job in jobs if mutant.id in job.check.kills and _concerns(mutant.id, job.parameter)]


def _concerns(mutant_id: str, parameter: str) -> bool:
    """A check that runs once for each controller can see a change of that controller only."""
    controller = parameter.removesuffix("-controller")
    return controller == parameter or mutant_id.endswith(f"-{controller}") or "-" not in mutant_id


def kill(mutant: Mutant, jobs: Sequence[Job], platform: Platform) -> MutantResult:
    """Apply a mutant, run the checks that claim it, revert, and prove that they are green again.

    Objects of a mutated platform are removed before the revert: what an unlocked controller applied, a locked one
    cannot prune (catalogue section 6).
    """
    started = time.monotonic()
    kills: dict[str, Kill] = {}
    messages: list[str] = []
    green = False
    try:
        _sweep(jobs, platform, "before")
        with mutant.apply(platform, namespaces_of(jobs, platform)):
            for key, outcome, text in _judge_all(jobs, _impatient(platform), f"{mutant.id}/mutated"):
                kills[key] = _VERDICTS.get(outcome, Kill.ERROR)
                if kills[key] is not Kill.KILLED:
                    messages.append(f"{key} {kills[key]}: {text}")
            _sweep(jobs, platform, "mutated")
        red = [
            (key, text)
            for key, outcome, text in _judge_all(jobs, platform, f"{mutant.id}/reverted")
            if outcome is not Outcome.PASSED
        ]
        messages += [f"{key} is not green again: {text}" for key, text in red]
        green = not red
        _sweep(jobs, platform, "after")
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
        green_again=green,
        message="; ".join(messages),
    )


def _impatient(platform: Platform) -> Platform:
    """Return the platform with shorter waits: under a mutant what a check waits for may never come.

    A check that only needed more time would be no kill, but it must be green again with the full waits.
    """
    bounds = platform.timeouts
    short = replace(
        bounds, reconciled=min(_MUTATED_S, bounds.reconciled), health_checked=min(_MUTATED_S, bounds.health_checked)
    )
    return replace(platform, timeouts=short)


def namespaces_of(jobs: Sequence[Job], platform: Platform) -> list[str]:
    """Return the tenant namespaces of these checks; those of the fleet's own tenants where they have none."""
    found = {
        name
        for job in jobs
        for name in tenants_of([subject.planned for subject in _scenario(job, platform, "").subjects])
    }
    return sorted(found) or list(platform.tenants.values())


def _scenario(job: Job, platform: Platform, stage: str, planted_at: datetime | None = None) -> Scenario:
    folder = f"evidence/{platform.environment}/mutants/{stage}/{job.folder}"
    return Scenario(
        job.check, job.scenario_file, platform, folder=folder, parameter=job.parameter, planted_at=planted_at
    )


def clear(jobs: Sequence[Job], platform: Platform) -> None:
    """Remove the objects of all checks: an attack that was denied before would succeed under somebody else's mutant."""
    _sweep(jobs, platform, "before")


def _sweep(jobs: Sequence[Job], platform: Platform, stage: str) -> None:
    scenarios = [_scenario(job, platform, stage) for job in {job.check.id: job for job in jobs}.values()]
    with ThreadPoolExecutor(_WORKERS, "sweep") as pool:
        list(pool.map(lambda scenario: scenario.remove(), scenarios))


def _judge_all(jobs: Sequence[Job], platform: Platform, stage: str) -> list[tuple[str, Outcome, str]]:
    planted_at = datetime.now(UTC)
    for job in {job.check.id: job for job in jobs}.values():
        _scenario(job, platform, stage).plant()
    alone = [job for job in jobs if job.check.exclusive]
    beside = [job for job in jobs if not job.check.exclusive]

    def one(job: Job) -> tuple[str, Outcome, str]:
        result, error = judge(job, _scenario(job, platform, stage, planted_at))
        return job.key, result.outcome, str(error or "passed")

    with ThreadPoolExecutor(_WORKERS, "mutant") as pool:
        found = list(pool.map(one, beside))
    return found + [one(job) for job in alone]


@dataclass(frozen=True, slots=True)
class MutantRun:
    """One mutant on one platform, with the checks that were collected."""

    mutant: Mutant
    platform: Platform
    jobs: Sequence[Job]
    say: Callable[[str], None]
    done: Callable[[MutantResult], None]

    def kill(self) -> MutantResult:
        """Run the mutant once and keep its result for the report."""
        result = kill(self.mutant, jobs_for(self.mutant, self.jobs), self.platform)
        self.done(result)
        said = ", ".join(f"{key} {word}" for key, word in result.kills.items()) or "no check claims it"
        again = "green again" if result.green_again else "NOT green again"
        self.say(f"{result.id}: {said}; {again}, {result.duration_s:.1f} s")
        return result
