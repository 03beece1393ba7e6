"""The pytest fixtures of a check: its environment, the platform that runs it, and the mutants of that platform."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.bootstrap.mutants import MUTANTS, platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.errors import ConformanceError
from conformance.fixtures import Session, breakdown
from conformance.harvest import Harvest, Job
from conformance.model import Environment
from conformance.mutation import MutantRun, clear
from conformance.signals import undisturbed

SESSION = pytest.StashKey[Session]()
JOBS = pytest.StashKey[dict[Environment, list[Job]]]()


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """The environment of the fleet that a check runs on."""
    return Environment(request.param)


@dataclass(frozen=True, slots=True)
class Running:
    """A platform, its checks, and the phase that lasts while they are read."""

    platform: Platform
    harvest: Harvest
    checks: contextlib.ExitStack


@pytest.fixture(scope="session")
def flux_platform(environment: Environment, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A platform with the tenants of all collected checks."""
    run = request.session.stash[SESSION]
    jobs = request.session.stash[JOBS].get(environment, [])
    with contextlib.ExitStack() as stack:
        try:
            made, harvest = stack.enter_context(run.platform(environment, jobs))
        except ConformanceError as error:
            run.breakdowns.append(breakdown(error))
            request.session.shouldstop = f"no platform: {type(error).__name__}"
            raise
        checks = stack.enter_context(contextlib.ExitStack())
        checks.enter_context(run.clock.phase("checks", str(environment), harvest.progress))
        harvest.start()
        yield Running(made, harvest, checks)
        if run.settings.keep and not run.breakdowns:
            _hold(run, made)
        with undisturbed():
            stack.close()


def _hold(run: Session, made: Platform) -> None:
    run.clock.say(f"the platform is kept; KUBECONFIG={made.cluster.kubeconfig}")
    run.clock.say("press Ctrl-C to end it")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


@pytest.fixture
def scenario(flux_platform: Running) -> Harvest:
    """Stand in for the check's scenario: the harvest makes the real one in the check's own thread."""
    return flux_platform.harvest


@pytest.fixture(scope="session")
def held_platform(flux_platform: Running, request: pytest.FixtureRequest) -> Iterator[Running]:
    """The platform after its checks, held still so that Flux repairs no mutant."""
    run = request.session.stash[SESSION]
    flux_platform.harvest.wait()
    flux_platform.checks.close()
    with run.clock.phase("clearing", str(flux_platform.platform.environment)):
        clear(flux_platform.harvest.jobs, flux_platform.platform)
    with (
        run.clock.phase("mutants", str(flux_platform.platform.environment)),
        platform_held_still(flux_platform.platform),
    ):
        yield flux_platform


@pytest.fixture
def mutant_run(mutant_id: str, held_platform: Running, request: pytest.FixtureRequest) -> MutantRun:
    """One mutant, with the checks that were collected."""
    run = request.session.stash[SESSION]
    jobs = held_platform.harvest.jobs
    request.node.user_properties.append(("flux_mutant", mutant_id))
    return MutantRun(MUTANTS[mutant_id], held_platform.platform, jobs, run.clock.say, run.mutants.append)
