"""A session without a platform: the text of this file is the conftest.py of a test's own pytest."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import conformance.plugin
from conformance.errors import BootstrapError, Breakdown, Finding, ProviderError
from conformance.fixtures import Session
from conformance.harvest import Job
from conformance.model import Environment, Outcome, Result
from conformance.progress import PhaseClock
from conformance.settings import Settings, environment

WITHOUT_PLATFORM, TEARDOWN_BREAKS = "without-platform", "teardown-breaks"
MOOD = environment().get("FAKE_SESSION", "")


class FakeHarvest:
    def __init__(self, jobs: Sequence[Job], where: Environment) -> None:
        self.jobs = jobs
        self.platform = SimpleNamespace(environment=where, capabilities=frozenset())

    def start(self) -> None:
        """Judge nothing ahead."""

    def when_nearly_done(self, call: Callable[[], None]) -> None:
        """Begin the next platform at once."""
        call()

    def progress(self) -> str:
        return ""

    def result(self, job: Job) -> tuple[Result, BaseException | None]:
        error: BaseException | None = None
        try:
            job.function(scenario=None, **job.arguments)
            outcome = Outcome.PASSED
        except Finding as finding:
            error, outcome = finding, Outcome.FAILED
        except Exception as broken:  # noqa: BLE001 - as the harvest does
            error, outcome = broken, Outcome.ERROR
        return self._row(job, outcome, error), error

    def _row(self, job: Job, outcome: Outcome, error: BaseException | None) -> Result:
        return Result(
            id=job.check.id,
            statement=job.check.statement,
            level=job.check.level,
            environment=self.platform.environment,
            outcome=outcome,
            duration_s=0.1,
            control=str(job.check.control),
            parameter=job.parameter,
            message=getattr(error, "what", str(error or "")),
            layer=getattr(error, "layer", "check") if isinstance(error, Breakdown) else "",
        )


class FakeSession(Session):
    @contextlib.contextmanager
    def platform(self, environment: Environment, jobs: Sequence[Job], *, side: int = 1) -> Iterator[Any]:
        if MOOD == WITHOUT_PLATFORM:
            raise BootstrapError("flux bootstrap git failed")
        harvest = FakeHarvest(jobs, environment)
        yield harvest.platform, harvest
        if MOOD == TEARDOWN_BREAKS:
            raise ProviderError("etcd does not end")

    def close(self) -> None:
        self.clock.say("closed")


def open_fake(settings: Settings, write: Callable[[str], None], _: Sequence[Job]) -> Session:
    nothing: Any = SimpleNamespace(run_id="fake", origins=list, sides=1)
    report = cast("Path", settings.report)
    report.mkdir(exist_ok=True)
    parts = (PhaseClock(write), nothing, Path(), nothing, nothing, nothing, report)
    return FakeSession(settings, *parts, "2026-01-01T00:00:00Z")


conformance.plugin.open_session = open_fake
