"""The pytest fixtures of a check: its environment, the platform that runs it, and the mutants of that platform."""

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from conformance.bootstrap.mutants import MUTANTS, Mutant, platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.errors import ConformanceError
from conformance.fixtures import Session, breakdown
from conformance.harvest import Harvest, Job
from conformance.model import Environment
from conformance.mutation import Mutation, clear
from conformance.mutation.queue import MutantQueue, MutantRun, Workers, platforms_for, room
from conformance.repeating import Rounds
from conformance.signals import undisturbed

SESSION = pytest.StashKey[Session]()
JOBS = pytest.StashKey[dict[Environment, list[Job]]]()


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """The environment of the fleet that a check runs on."""
    return Environment(request.param)


@dataclass(frozen=True, slots=True)
class Running:
    """A platform, its checks, the phase that lasts while they are read, and the platforms that come up beside it."""

    platform: Platform
    harvest: Harvest
    checks: contextlib.ExitStack
    sides: Sequence[int]


@pytest.fixture(scope="session")
def flux_platform(environment: Environment, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A platform with the tenants of all collected checks."""
    run = request.session.stash[SESSION]
    jobs = request.session.stash[JOBS]
    with contextlib.ExitStack() as stack:
        try:
            made, harvest = stack.enter_context(run.ahead(environment, jobs.get(environment, [])).taken())
        except ConformanceError as error:
            run.breakdowns.append(breakdown(error))
            request.session.shouldstop = f"no platform: {type(error).__name__}"
            raise
        checks = stack.enter_context(contextlib.ExitStack())
        checks.enter_context(run.clock.phase("checks", str(environment), harvest.progress))
        harvest.start()
        for following in _following(run, environment, jobs):
            harvest.when_nearly_done(run.ahead(following, jobs[following]).begin)
        sides = _sides(run, len(_mutants_of(request.session, environment)))
        for side in sides:
            harvest.when_nearly_done(run.ahead(environment, jobs[environment], side=side).begin)
        if run.settings.upgrade_to:
            run.upgrade(made, harvest)
        if run.settings.repeat > 1:
            run.tallies += Rounds(harvest, run.clock.say).run(run.settings.repeat)
        yield Running(made, harvest, checks, sides)
        if run.settings.keep and not run.breakdowns:
            _hold(run, made)
        with undisturbed():
            stack.close()


def _following(run: Session, environment: Environment, jobs: Mapping[Environment, object]) -> list[Environment]:
    """Return the environment after this one, where its platform may stand beside this one's."""
    settings = run.settings
    longer = settings.keep or settings.mutants or settings.repeat > 1 or settings.upgrade_to
    if longer or run.providers.sides == 1 or not room():
        return []
    wanted = [one for one in Environment if one in jobs]
    return wanted[wanted.index(environment) + 1 :][:1] if environment in jobs else []


def _sides(run: Session, mutants: int) -> Sequence[int]:
    """Return the numbers of the platforms that mutants are worth beside the first."""
    return range(2, min(platforms_for(mutants), run.providers.sides) + 1) if run.settings.mutants else ()


def _hold(run: Session, made: Platform) -> None:
    if made.cluster.stays:
        return
    run.clock.say(f"the platform is kept; KUBECONFIG={made.cluster.kubeconfig}")
    run.clock.say("press Ctrl-C to end it")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


@pytest.fixture
def scenario(flux_platform: Running) -> Harvest:
    """Stand in for the check's scenario: the harvest makes the real one in the check's own thread."""
    return flux_platform.harvest


@pytest.fixture(scope="session")
def held_platform(
    environment: Environment, flux_platform: Running, request: pytest.FixtureRequest
) -> Iterator[MutantQueue]:
    """The platform after its checks, and others like it, held still so that Flux repairs no mutant."""
    run = request.session.stash[SESSION]
    harvest = flux_platform.harvest
    harvest.wait()
    flux_platform.checks.close()
    sides = flux_platform.sides
    queue = MutantQueue(_mutants_of(request.session, environment), run.mutants.append, lanes=1 + len(sides))

    def work(made: Platform, name: str, lane: int) -> None:
        mutation = Mutation(made, harvest.jobs, harvest.seconds(), lambda text: run.clock.say(f"{name}: {text}"))
        with platform_held_still(made):
            queue.work(mutation, lane)

    def work_on() -> None:
        with run.clock.phase("clearing", str(environment)):
            clear(harvest.jobs, flux_platform.platform)
        work(flux_platform.platform, str(environment), 0)

    def work_beside(side: int) -> None:
        with run.ahead(environment, harvest.jobs, side=side).taken() as (made, _):
            work(made, f"{environment}-{side}", side - 1)

    with run.clock.phase("mutants", str(environment), queue.progress), Workers(queue) as workers:
        workers.start(work_on)
        for side in sides:
            workers.start(functools.partial(work_beside, side))
        yield queue


def _mutants_of(session: pytest.Session, environment: Environment) -> list[Mutant]:
    """Return the mutants that were collected for an environment."""
    specs = [item.callspec.params for item in session.items if isinstance(item, pytest.Function) and _mutates(item)]
    return [MUTANTS[str(spec["mutant_id"])] for spec in specs if spec["environment"] is environment]


def _mutates(item: pytest.Function) -> bool:
    return "mutant_id" in getattr(getattr(item, "callspec", None), "params", {})


@pytest.fixture
def mutant_run(mutant_id: str, held_platform: MutantQueue, request: pytest.FixtureRequest) -> MutantRun:
    """One mutant, with the checks that were collected."""
    request.node.user_properties.append(("flux_mutant", mutant_id))
    return MutantRun(MUTANTS[mutant_id], held_platform)
