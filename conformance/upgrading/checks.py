"""The checks before an upgrade and after it: what failed at either time has failed."""

from collections.abc import Callable
from dataclasses import replace

from conformance.bootstrap.platform import Platform
from conformance.harvest import Harvest, Job
from conformance.model import Level, Outcome, Result
from conformance.mutation.judging import judge_all, sweep
from conformance.timeline import UpgradeRecord

_WORST = (Outcome.FAILED, Outcome.ERROR, Outcome.PASSED)

Judged = tuple[Result, BaseException | None]


def before_and_after(
    harvest: Harvest, change: Callable[[], UpgradeRecord], say: Callable[[str], None]
) -> UpgradeRecord:
    """Judge all checks, change the platform, judge them again; the worse result of each is its result.

    A documented limit is shown as it is afterwards: an upgrade may close it. Where the change broke, nothing is judged
    again: the record says that it broke.
    """
    jobs, platform = harvest.jobs, harvest.platform
    before: dict[str, Judged] = {job.key: harvest.result(job) for job in jobs}
    folder = _after(platform)
    sweep(jobs, platform, folder)
    record = change()
    if record.broke:
        return replace(record, before=_outcomes(before))
    say(f"{platform.environment}: the same checks again, on Flux {record.target}")
    after: dict[str, Judged] = {}
    for result, error in judge_all(jobs, platform, folder):
        after[result.key] = (result, error)
    for job in jobs:
        harvest.settle(job, *settled(job, before[job.key], after[job.key], record))
    return replace(record, before=_outcomes(before), after=_outcomes(after))


def swept_again(harvest: Harvest) -> None:
    """Remove what the second round of checks planted: it was judged, and no further change is to find it."""
    sweep(harvest.jobs, harvest.platform, _after(harvest.platform))


def settled(job: Job, before: Judged, after: Judged, record: UpgradeRecord) -> Judged:
    """Return what counts of two results of one check, with the release that it was seen on."""
    if job.check.level is Level.PROVISIONAL:
        return after
    (result, error), on = min(
        ((after, record.target), (before, record.source)), key=lambda seen: _WORST.index(seen[0][0].outcome)
    )
    if result.outcome is not Outcome.PASSED:
        result = replace(result, message=f"{result.message}\nseen on Flux {on}".strip())
    # Evidence of both: what one of them shows is no part of the other's folder.
    evidence = (*before[0].evidence, *after[0].evidence)
    return replace(result, evidence=evidence, duration_s=max(before[0].duration_s, after[0].duration_s)), error


def _after(platform: Platform) -> str:
    return f"evidence/{platform.environment}/after"


def _outcomes(judged: dict[str, Judged]) -> dict[str, str]:
    return {key: str(result.outcome) for key, (result, _) in judged.items()}
