"""The pytest plugin, which knows pytest's hooks. It does nothing where no check is collected."""

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import NoReturn, cast

import pytest

from conformance import explaining
from conformance.api import ATTRIBUTE, MARK
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import Breakdown, ConformanceError, Finding, InputError
from conformance.existing_session import lacking_here, open_session
from conformance.fixtures import Session, breakdown, explain, probes_of
from conformance.harvest import Harvest, Job, unjudged
from conformance.manifests import check_substitutions
from conformance.model import EXIT_CODES, Capability, Check, Environment, ExitCode, Level, Outcome
from conformance.options import add_options, chosen_mutants, lacking, on_existing, read_settings
from conformance.pytest_fixtures import (
    JOBS,
    SESSION,
    environment,
    flux_platform,
    held_platform,
    mutant_run,
    scenario,
)
from conformance.pytest_output import Warned, writer
from conformance.report import terminal
from conformance.report.schema import ConformanceReport
from conformance.report.write import write_run
from conformance.requirements import derived
from conformance.signals import ended_as_by_ctrl_c, undisturbed

__all__ = ["environment", "flux_platform", "held_platform", "mutant_run", "scenario"]
"""Fixtures that pytest finds in a plugin's own namespace."""

REPORT = pytest.StashKey[ConformanceReport]()
FOLDER = pytest.StashKey[Path]()
CATALOG = pytest.StashKey[list[tuple[Environment, str]]]()
BEYOND = pytest.StashKey[dict[str, str]]()
"""id of a check -> what it needs that the provider lacks; empty for nearly all."""
JOB = pytest.StashKey[Job]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the `--flux-*` options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and who tells of warnings where pytest does not."""
    config.addinivalue_line("markers", f"{MARK}(id): a check of the catalogue")
    for name in Environment:
        config.addinivalue_line("markers", f"{name}: runs on the {name} environment of the fleet")
    config.addinivalue_line("markers", "mutant: kills a mutant")
    if config.getoption("no_summary"):
        config.pluginmanager.register(Warned(writer(config)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each check once for each environment that it applies to."""
    check: Check | None = getattr(metafunc.function, ATTRIBUTE, None)
    if check is not None:
        _over_environments(metafunc, [e for e in Environment if e in check.environments])
    elif "mutant_run" in metafunc.fixturenames:
        ids = chosen_mutants(metafunc.config)
        _over_environments(metafunc, list(Environment))
        # Not of session scope: pytest would change platforms after each mutant.
        metafunc.parametrize("mutant_id", [pytest.param(name, marks=pytest.mark.mutant) for name in ids])


def _over_environments(metafunc: pytest.Metafunc, environments: list[Environment]) -> None:
    values = [pytest.param(e, marks=getattr(pytest.mark, e), id=str(e)) for e in environments]
    metafunc.parametrize("environment", values, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each check its id as a keyword, refuse bad scenarios, and put exclusive checks last."""
    try:
        for item in items:
            _adopt(item)
    except InputError as error:
        _refuse(config, error)
    # Where no mutant was asked for, or none of this environment, its test must not count as a check that was skipped.
    items[:] = [item for item in items if not _mutates_nothing(item)]
    config.stash[BEYOND] = {i.stash[JOB].check.id: lacking(config, _needs(i)) for i in items if JOB in i.stash}
    able = [item for item in items if not lacking(config, _needs(item))]
    # Before -k and -m take any away: what a selection leaves out is said in the report, and so is what an audit cannot
    # look at.
    known = items if on_existing(config) else able
    config.stash[CATALOG] = [(_of(item), item.stash[JOB].check.id) for item in known if JOB in item.stash]
    items[:] = able
    items.sort(key=lambda item: (_environment(item), *_rank(item)))


def _adopt(item: pytest.Item) -> None:
    check = getattr(getattr(item, "function", None), ATTRIBUTE, None)
    if check is None or not isinstance(item, pytest.Function):
        return
    item.extra_keyword_matches.add(check.id)
    path = item.path.with_name(item.path.stem.removeprefix("test_") + ".yaml")
    check_substitutions(path)
    arguments = {k: v for k, v in item.callspec.params.items() if k != "environment"}
    if check.exclusive_with and not lacking(item.config, frozenset({check.exclusive_with})):
        check = dataclasses.replace(check, exclusive=True)
    if on_existing(item.config):
        check = dataclasses.replace(check, needs=check.needs | derived(item.path, path))
    item.stash[JOB] = Job(check, item.function, arguments, _parameter(item), path)


def _needs(item: pytest.Item) -> frozenset[Capability]:
    if JOB in item.stash:
        return item.stash[JOB].check.needs
    callspec = getattr(item, "callspec", None)
    mutant = MUTANTS.get(str(callspec.params.get("mutant_id"))) if callspec else None
    return mutant.needs if mutant else frozenset()


def _mutates_nothing(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or "mutant_run" not in item.fixturenames:
        return False
    mutant = MUTANTS.get(str(item.callspec.params.get("mutant_id", "")))
    return mutant is None or _of(item) not in mutant.environments


def _refuse(config: pytest.Config, error: ConformanceError) -> NoReturn:
    """End with pytest's usage error; the text comes last, uncoloured, and begins as every breakdown's does."""
    _say_last(config, error)
    raise pytest.UsageError from error


def _say_last(config: pytest.Config, error: BaseException) -> None:
    config.add_cleanup(functools.partial(print, explain(error), file=sys.stderr))


def _parameter(item: pytest.Function) -> str:
    environment = str(item.callspec.params["environment"])
    return item.callspec.id.removeprefix(f"{environment}-").removesuffix(f"-{environment}").removesuffix(environment)


def _environment(item: pytest.Item) -> int:
    callspec = getattr(item, "callspec", None)
    chosen = callspec.params.get("environment") if callspec else None
    return list(Environment).index(chosen) if chosen in list(Environment) else -1


def _rank(item: pytest.Item) -> tuple[int, str]:
    """Checks that share the platform, then those that need it for themselves, then mutants."""
    job = item.stash.get(JOB, None)
    if job is None:
        return 2, ""
    return int(job.check.exclusive), job.check.id


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check all input before anything is started, once it is known what was selected."""
    mutating = [item for item in session.items if item.get_closest_marker("mutant")]
    checking = [item for item in session.items if JOB in item.stash]
    if not (mutating or checking) or session.config.option.collectonly:
        return
    jobs: dict[Environment, list[Job]] = {}
    for item in checking:
        jobs.setdefault(Environment(list(Environment)[_environment(item)]), []).append(item.stash[JOB])
    session.stash[JOBS] = jobs
    if mutating:
        checking = _only_killers(session, mutating, checking)
        jobs = {
            env: [job for job in found if any(job is i.stash[JOB] for i in checking)] for env, found in jobs.items()
        }
        session.stash[JOBS] = jobs
    try:
        settings = read_settings(session.config, tuple(jobs) or tuple({_of(item) for item in mutating}))
        if settings.mutants and not mutating:
            raise InputError("no mutant was collected", hint="`flux-tenancy mutants` collects them with their checks")
        for found in jobs.values():
            probes_of(found)  # reads every scenario
        session.config.add_cleanup(_entered(ended_as_by_ctrl_c()))
        every = [job for found in jobs.values() for job in found]
        session.stash[SESSION] = open_session(settings, writer(session.config), every)
    except ConformanceError as error:
        _refuse(session.config, error)
    if checking:
        _describe(session, _only_there(session, jobs))


def _describe(session: pytest.Session, jobs: Mapping[Environment, list[Job]]) -> None:
    """Tell the run what is to be judged, and of which catalog."""
    run, catalog = session.stash[SESSION], session.config.stash[CATALOG]
    run.beyond |= {name: what for name, what in session.config.stash[BEYOND].items() if what}
    run.catalog = {f"{env}/{check_id}" for env, check_id in catalog if env in session.stash[JOBS]}
    if on_existing(session.config):  # whose catalog has them, each in its environments
        run.beyond = {
            name: run.beyond[name] for env, name in catalog if env in session.stash[JOBS] and name in run.beyond
        }
    run.expected = {f"{env}/{job.key}" for env, found in jobs.items() for job in found}
    judged = {job.check.id: job for found in jobs.values() for job in found}
    run.explanations = {name: explaining.parts(job.check, job.scenario_file) for name, job in judged.items()}


def _only_there(session: pytest.Session, jobs: dict[Environment, list[Job]]) -> dict[Environment, list[Job]]:
    """Keep the checks that the cluster can show, where that is known only after a look at it."""
    needs = {job.check.id: job.check.needs for found in jobs.values() for job in found}
    beyond = session.stash[SESSION].beyond = lacking_here(session.stash[SESSION], needs)
    if not beyond:
        return jobs
    _deselect(session, [item for item in session.items if JOB in item.stash and item.stash[JOB].check.id in beyond])
    kept = {env: [job for job in found if job.check.id not in beyond] for env, found in jobs.items()}
    session.stash[JOBS] = kept
    return kept


def _only_killers(
    session: pytest.Session, mutating: list[pytest.Item], checking: list[pytest.Item]
) -> list[pytest.Item]:
    """Keep the checks that a selected mutant is claimed by: they are judged first, then mutant by mutant."""
    chosen = {item.callspec.params["mutant_id"] for item in mutating if isinstance(item, pytest.Function)}
    if chosen == set(MUTANTS):
        return checking
    kept = [item for item in checking if chosen.intersection(item.stash[JOB].check.kills)]
    _deselect(session, [item for item in checking if item not in kept])
    return kept


def _deselect(session: pytest.Session, dropped: list[pytest.Item]) -> None:
    session.items[:] = [item for item in session.items if item not in dropped]
    session.testscollected = len(session.items)
    session.config.hook.pytest_deselected(items=dropped)


def _of(item: pytest.Item) -> Environment:
    return list(Environment)[_environment(item)]


def _entered(manager: contextlib.AbstractContextManager[None]) -> Callable[[], None]:
    """Enter a context, and return what leaves it."""
    stack = contextlib.ExitStack()
    stack.enter_context(manager)
    return stack.close


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Take a check's result from the harvest, which ran it beside the others."""
    job = pyfuncitem.stash.get(JOB, None)
    if job is None:
        return None
    pyfuncitem.user_properties.append(("flux_check", job.key))
    run = pyfuncitem.session.stash[SESSION]
    harvest = cast("Harvest", pyfuncitem.funcargs["scenario"])
    missing = job.check.needs - harvest.platform.capabilities
    if missing:
        needs = f"needs {', '.join(sorted(missing))}"
        run.results.append(unjudged(job, harvest.platform.environment, Outcome.UNSUPPORTED, needs))
        # Never from a caught exception; a judged check makes the verdict inconclusive.
        pytest.skip(f"unsupported by the provider: {needs}")  # by declared capabilities
    result, error = harvest.result(job)
    run.results.append(result)
    if isinstance(error, Finding) and job.check.level is Level.PROVISIONAL:
        pytest.xfail(f"documented limit: {error.what}")  # reported as open, never judged: no verdict hangs on it
    if error is not None:
        raise error
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a finding or breakdown as its own text, and keep what never reached its check as an error."""
    report = yield
    job = item.stash.get(JOB, None)
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, Finding):
        report.longrepr = str(error)
    elif isinstance(error, Breakdown):
        report.longrepr = explain(error)
    run = item.session.stash.get(SESSION, None)
    if run is not None and report.failed and error is not None:
        if job is not None and report.when == "setup":
            run.results.append(unjudged(job, _of(item), Outcome.ERROR, str(error), getattr(error, "layer", "engine")))
        elif (job is None or report.when == "teardown") and not isinstance(error, Finding):
            # A mutant without a result, or a teardown that broke: no check's result says it.
            run.breakdowns += [text for text in [breakdown(error)] if text not in run.breakdowns]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Print no progress letters under `flux-tenancy run`: phases and the closing table speak."""
    # A report of a collection that failed has no properties.
    ours = any(name in ("flux_check", "flux_mutant") for name, _ in getattr(report, "user_properties", ()))
    if not ours or config.option.verbose >= 0 or report.when != "call":
        return None
    return report.outcome, "", ""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
    """Write the report whatever happened, after the last teardown; end everything; let the verdict be the exit code."""
    run = session.stash.get(SESSION, None)
    if run is None:
        return (yield)
    interrupted = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    if interrupted and not run.breakdowns:
        run.breakdowns.append("engine: the run was interrupted before it was complete")
    result = None
    with undisturbed():
        try:
            result = yield
        except Exception as error:  # noqa: BLE001 - after an interruption pytest tears fixtures down here
            run.breakdowns.append(breakdown(error))
        try:
            code = _report(session.config, run)
        finally:
            run.close()
    if not interrupted or session.shouldstop:
        session.exitstatus = code
    return result


def _report(config: pytest.Config, run: Session) -> int:
    try:
        report = write_run(run.report, run.run_record(), run.secrets)
    except Exception as error:  # noqa: BLE001 - a run without a report was not judged, and must not look like a finding
        _say_last(config, error)
        return EXIT_CODES[ExitCode.INCONCLUSIVE]
    config.stash[REPORT] = report
    config.stash[FOLDER] = run.report
    return report.judgement.exit_code


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Close with the verdict: what failed and why, and where the report lies."""
    report = config.stash.get(REPORT, None)
    if report is not None:
        terminalreporter.ensure_newline()
        folder = config.stash[FOLDER]
        terminalreporter.write_line(terminal.summary(report, folder=str(folder)))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say nothing unless options of ours were given."""
    chosen = config.getoption("--flux-version")
    return [f"flux-tenancy: subject Flux {chosen}"] if chosen else []
