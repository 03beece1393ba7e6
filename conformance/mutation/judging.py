"""Plants, judges and removes checks on a platform that is held still; mutants and repeats are made of this."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.harvest import Job, judge, result_of
from conformance.kube.wait import ended_by
from conformance.model import Outcome, Result
from conformance.report.kept import keep
from conformance.scenario import Scenario

T = TypeVar("T")
_WORKERS = 64
"""Scenarios planted or removed at the same time; removal mostly waits for finalizers."""


def scenario_of(job: Job, platform: Platform, folder: str, planted_at: datetime | None = None) -> Scenario:
    """Return the scenario of a check, with its evidence below `folder` of the report."""
    return Scenario(
        job.check,
        job.scenario_file,
        platform,
        folder=f"{folder}/{job.folder}",
        parameter=job.parameter,
        planted_at=planted_at,
    )


def sweep(jobs: Sequence[Job], platform: Platform, folder: str) -> None:
    """Remove the objects of these checks, and wait until they are gone."""
    _beside(lambda job: scenario_of(job, platform, folder).remove(), list(one_each(jobs)), _WORKERS)


def judge_all(jobs: Sequence[Job], platform: Platform, folder: str) -> list[tuple[Result, BaseException | None]]:
    """Plant these checks, judge them beside each other, those that need the platform for themselves last.

    Each result is kept beside its evidence, below `folder` of the report.
    """
    planted_at = datetime.now(UTC)
    checks = [job.check.id for job in one_each(jobs)]
    planted = _beside(lambda job: _plant(job, platform, folder), list(one_each(jobs)), _WORKERS)
    unplanted = dict(zip(checks, planted, strict=True))
    alone = [job for job in jobs if job.check.exclusive]
    beside = [job for job in jobs if not job.check.exclusive]

    def one(job: Job) -> tuple[Result, BaseException | None]:
        scenario = scenario_of(job, platform, folder, planted_at)
        error: BaseException | None = unplanted[job.check.id]
        if error is not None:
            result = result_of(job, scenario, Outcome.ERROR, error, 0.0)
        else:
            result, error = judge(job, scenario)
        keep(platform.report / scenario.evidence.relative, result, platform.redact)
        return result, error

    return _beside(one, beside, max(1, len(beside))) + [one(job) for job in alone]


def _beside(work: Callable[[Job], T], jobs: Sequence[Job], workers: int) -> list[T]:
    """Do this for all jobs beside each other; when the run is broken off, their waits end at once."""
    over = threading.Event()

    def one(job: Job) -> T:
        with ended_by(over):
            return work(job)

    with ThreadPoolExecutor(workers, "judge") as pool:
        try:
            return list(pool.map(one, jobs))
        except BaseException:
            over.set()
            raise


def _plant(job: Job, platform: Platform, folder: str) -> Breakdown | None:
    """Plant a check's objects; what was refused there leaves this check unjudged, and no other."""
    try:
        scenario_of(job, platform, folder).plant()
    except Breakdown as error:
        return error
    return None


def one_each(jobs: Sequence[Job]) -> Iterable[Job]:
    """Return one job for each check: the parameters of a check share one scenario."""
    return {job.check.id: job for job in jobs}.values()
