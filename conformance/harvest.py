"""Plant, then harvest: the objects of all checks are applied at once, then every check reads its own in a thread.

Controllers work while earlier checks are read, and checks that must wait (hold windows, drift) wait beside each other.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from conformance.bootstrap import lockdown
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown, Finding
from conformance.kube.wait import ended_by
from conformance.manifests import GroundOf, ground_of
from conformance.model import Check, Environment, Outcome, Result
from conformance.providers.protocol import EXISTING
from conformance.scenario import Scenario

T = TypeVar("T")

_NEARLY = 0.8
"""From here on a platform mostly waits."""
PLANTERS = 16
"""Scenarios planted at the same time: each is a burst of requests. The API server tells when it is too much (429)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One check (with one parameter) to be judged on one platform."""

    check: Check
    function: Callable[..., None]
    arguments: Mapping[str, Any]
    parameter: str
    scenario_file: Path

    @property
    def key(self) -> str:
        """`F01` or `C03[ClusterRole]`."""
        return f"{self.check.id}[{self.parameter}]" if self.parameter else self.check.id

    @property
    def ground(self) -> GroundOf:
        """Where its objects lie."""
        return ground_of(self.scenario_file)

    @property
    def folder(self) -> str:
        """The key as a folder's name that every file system and artifact store takes."""
        return f"{self.check.id}-{self.parameter}" if self.parameter else self.check.id


def judge(job: Job, scenario: Scenario) -> tuple[Result, BaseException | None]:
    """Run one check's function; return its result, and the error for pytest to show."""
    started = time.monotonic()
    error: BaseException | None = None
    try:
        job.function(scenario=scenario, **job.arguments)
        outcome = Outcome.PASSED
    except Finding as finding:
        error, outcome = finding, Outcome.FAILED
    except Exception as breakdown:  # noqa: BLE001 - whatever broke, this check was not judged
        error, outcome = breakdown, Outcome.ERROR
    return result_of(job, scenario, outcome, error, time.monotonic() - started), error


def result_of(job: Job, scenario: Scenario, outcome: Outcome, error: BaseException | None, seconds: float) -> Result:
    """Return the record of a judged check."""
    return Result(
        id=job.check.id,
        statement=job.check.statement,
        level=job.check.level,
        environment=scenario.environment,
        outcome=outcome,
        duration_s=round(seconds, 3),
        control=str(job.check.control),
        parameter=job.parameter,
        message=_what(error),
        wanted=getattr(error, "wanted", ""),
        observed=getattr(error, "observed", ""),
        control_state=lockdown.read(job.check.control, scenario.platform) if error else "",
        rerun=rerun_command(job.key, scenario.environment, scenario.platform.rerun),
        layer=_layer(error),
        source=job.check.source,
        spec=job.check.spec,
        evidence=tuple(scenario.evidence.files()),
        denial=scenario.denials > 0,
        planes=tuple(scenario.planes),
        fidelity=scenario.fidelity,
        cells=tuple(scenario.cells),
    )


def unjudged(job: Job, environment: Environment, outcome: Outcome, message: str, layer: str = "") -> Result:
    """Return the record of a check that was not looked at."""
    return Result(
        id=job.check.id,
        statement=job.check.statement,
        level=job.check.level,
        environment=environment,
        outcome=outcome,
        duration_s=0.0,
        control=str(job.check.control),
        parameter=job.parameter,
        message=message,
        layer=layer,
        source=job.check.source,
        spec=job.check.spec,
    )


def rerun_command(key: str, environment: Environment, options: str = "") -> str:
    """Return the command that runs one check alone and holds the platform for a look."""
    words = f"flux-tenancy run {options} --environment {environment}".replace("  ", " ")
    held = "" if options.startswith(f"--provider {EXISTING}") else " --keep"  # an existing cluster stays anyway
    return f"{words} -k '{key.partition('[')[0]}'{held}"


def _what(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, (Finding, Breakdown)):
        return error.what
    return f"{type(error).__name__}: {error}"


def _layer(error: BaseException | None) -> str:
    if error is None or isinstance(error, Finding):
        return ""
    return error.layer if isinstance(error, Breakdown) else "check"


@dataclass(slots=True)
class Harvest:
    """The checks of one platform, running."""

    platform: Platform
    jobs: Sequence[Job]
    _planted: dict[str, Future[None]] = field(default_factory=dict)
    _planted_at: dict[str, datetime] = field(default_factory=dict)
    _running: dict[str, Future[tuple[Result, BaseException | None]]] = field(default_factory=dict)
    _readers: ThreadPoolExecutor = field(init=False)
    _planters: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(PLANTERS, "plant"))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # One thread for each check: it waits on a watch, which costs a connection and next to no CPU.
        self._readers = ThreadPoolExecutor(max(1, len(self.jobs)), "check")

    def start(self) -> None:
        """Plant every scenario, the long ones first, and start every check that shares the platform with others."""
        shared = [job for job in self.jobs if not job.check.exclusive]
        for job in sorted(shared, key=lambda job: not job.check.long):
            self._plant(job)
        for job in shared:
            self._running[job.key] = self._readers.submit(self._run, job)

    def result(self, job: Job) -> tuple[Result, BaseException | None]:
        """Return a check's result when it is there; an exclusive check runs now, after all others ended."""
        if job.check.exclusive and job.key not in self._running:
            self.wait()
            self._plant(job)
            self._running[job.key] = self._readers.submit(self._run, job)
        return self._running[job.key].result()

    def settle(self, job: Job, result: Result, error: BaseException | None) -> None:
        """Let a check's result be another than that of its first round."""
        settled: Future[tuple[Result, BaseException | None]] = Future()
        settled.set_result((result, error))
        self._running[job.key] = settled

    def seconds(self) -> dict[str, float]:
        """Return how long each check took that has passed."""
        done = {key: future.result()[0] for key, future in self._running.items() if future.done()}
        return {key: result.duration_s for key, result in done.items() if result.outcome is Outcome.PASSED}

    def when_nearly_done(self, call: Callable[[], None]) -> None:
        """Call this once, in a thread of a check, when most checks that share the platform are judged."""
        wanted, done = max(1, int(len(self._running) * _NEARLY)), itertools.count(1)

        def judged(_: Future[Any]) -> None:
            if next(done) == wanted:
                call()

        for future in list(self._running.values()):
            future.add_done_callback(judged)

    def wait(self) -> None:
        """Wait until every check that shares the platform is judged."""
        wait_all(self._running.values())

    def progress(self) -> str:
        """Return how many checks are judged."""
        done = sum(future.done() for future in self._running.values())
        return f"{done} of {len(self._running)} judged"

    def close(self) -> None:
        """Drop what has not started, and end the waits of what has: nobody reads its result any more."""
        self._ending.set()
        self._planters.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _plant(self, job: Job) -> None:
        # Parametrised checks share one scenario: it is planted once.
        with self._lock:
            if job.check.id not in self._planted:
                scenario = self._scenario(job)
                self._planted_at[job.check.id] = scenario.planted_at
                self._planted[job.check.id] = self._planters.submit(self._bounded, scenario.plant)

    def _run(self, job: Job) -> tuple[Result, BaseException | None]:
        scenario = self._scenario(job)
        try:
            self._planted[job.check.id].result()
        except Exception as error:  # noqa: BLE001 - not planted means not judged
            return result_of(job, scenario, Outcome.ERROR, error, 0.0), error
        return self._bounded(lambda: judge(job, scenario))

    def _bounded(self, call: Callable[[], T]) -> T:
        with ended_by(self._ending):
            return call()

    def _scenario(self, job: Job) -> Scenario:
        folder = f"evidence/{self.platform.environment}/{job.folder}"
        return Scenario(
            job.check,
            job.scenario_file,
            self.platform,
            folder=folder,
            parameter=job.parameter,
            planted_at=self._planted_at.get(job.check.id),
        )


def wait_all(futures: Iterable[Future[Any]]) -> None:
    """Wait until all futures are done, whatever their outcome."""
    for future in futures:
        future.exception()
