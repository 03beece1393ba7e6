"""The pytest plugin; the only module that knows pytest's hooks. It does nothing where no check is collected."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from conformance.api import ATTRIBUTE, MARK
from conformance.bootstrap.mutants import MUTANTS, platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown, ConformanceError, Finding, InputError
from conformance.fixtures import Session, breakdown, explain, open_session
from conformance.harvest import Harvest, Job
from conformance.manifests import check_substitutions
from conformance.model import Check, Environment, Level, Outcome, Result
from conformance.mutation_run import MutantRun
from conformance.options import add_options, read_settings
from conformance.report import terminal
from conformance.report.schema import ConformanceReport
from conformance.report.write import write_run

SESSION = pytest.StashKey[Session]()
REPORT = pytest.StashKey[ConformanceReport]()
FOLDER = pytest.StashKey[Path]()
CATALOG = pytest.StashKey[list[tuple[Environment, str]]]()
JOB = pytest.StashKey[Job]()
JOBS = pytest.StashKey[dict[Environment, list[Job]]]()

pytest.register_assert_rewrite("conformance.expect")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the `--flux-*` options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", f"{MARK}(id): a check of the catalogue")
    for environment in Environment:
        config.addinivalue_line("markers", f"{environment}: runs on the {environment} environment of the fleet")
    config.addinivalue_line("markers", "mutant: kills a mutant")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each check once for each environment that it applies to."""
    check: Check | None = getattr(metafunc.function, ATTRIBUTE, None)
    if check is not None:
        _over_environments(metafunc, [e for e in Environment if e in check.environments])
    elif "mutant_run" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--flux-mutants") or metafunc.config.getini("flux_mutants")
        ids = [name for name in MUTANTS if chosen == "all" or name in (chosen or "").split(",")]
        pairs = [
            pytest.param(
                environment,
                name,
                marks=[getattr(pytest.mark, environment), pytest.mark.mutant],
                id=f"{environment}-{name}",
            )
            for environment in Environment
            for name in ids
            if environment in MUTANTS[name].environments
        ]
        metafunc.parametrize(("environment", "mutant_id"), pairs, indirect=["environment"], scope="session")


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
        raise pytest.UsageError(explain(error)) from error
    # Before -k and -m take any away: what a selection leaves out is said in the report.
    config.stash[CATALOG] = [(_of(item), item.stash[JOB].check.id) for item in items if JOB in item.stash]
    items.sort(key=lambda item: (_environment(item), _job_exclusive(item), _check_id(item)))


def _adopt(item: pytest.Item) -> None:
    check = getattr(getattr(item, "function", None), ATTRIBUTE, None)
    if check is None or not isinstance(item, pytest.Function):
        return
    item.extra_keyword_matches.add(check.id)
    path = item.path.with_name(item.path.stem.removeprefix("test_") + ".yaml")
    check_substitutions(path)
    arguments = {k: v for k, v in item.callspec.params.items() if k != "environment"}
    item.stash[JOB] = Job(check, item.function, arguments, _parameter(item), path)


def _parameter(item: pytest.Function) -> str:
    environment = str(item.callspec.params["environment"])
    return item.callspec.id.removeprefix(f"{environment}-").removesuffix(f"-{environment}").removesuffix(environment)


def _environment(item: pytest.Item) -> int:
    callspec = getattr(item, "callspec", None)
    chosen = callspec.params.get("environment") if callspec else None
    return list(Environment).index(chosen) if chosen in list(Environment) else -1


def _job_exclusive(item: pytest.Item) -> bool:
    job = item.stash.get(JOB, None)
    return job is not None and job.check.exclusive


def _check_id(item: pytest.Item) -> str:
    job = item.stash.get(JOB, None)
    return job.check.id if job is not None else ""


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
        # The checks are run by the mutants that they claim, not by themselves.
        session.items[:] = mutating
        session.testscollected = len(mutating)
        session.config.hook.pytest_deselected(items=checking)
    try:
        settings = read_settings(session.config, tuple(jobs) or tuple({_of(item) for item in mutating}))
        session.stash[SESSION] = open_session(settings, _writer(session.config))
    except ConformanceError as error:
        raise pytest.UsageError(explain(error)) from error
    if not mutating:
        catalog = session.config.stash[CATALOG]
        session.stash[SESSION].catalog = {f"{env}/{check_id}" for env, check_id in catalog if env in jobs}
        session.stash[SESSION].expected = {f"{env}/{job.key}" for env, found in jobs.items() for job in found}
    signal.signal(signal.SIGTERM, _interrupt)


def _of(item: pytest.Item) -> Environment:
    return list(Environment)[_environment(item)]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _writer(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that prints a line at once, also from threads and while pytest captures the output."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)

    def write(line: str) -> None:
        stream.write(f"{line}\n")

    return write


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """The environment of the fleet that a check runs on."""
    return Environment(request.param)


@pytest.fixture(scope="session")
def flux_platform(environment: Environment, request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Harvest]]:
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
        if run.settings.mutants:
            stack.enter_context(platform_held_still(made))
        else:
            stack.enter_context(run.clock.phase("checks", str(environment), harvest.progress))
            harvest.start()
        yield made, harvest
        if run.settings.keep:
            _hold(run, made)
        stack.enter_context(_undisturbed())


def _hold(run: Session, made: Platform) -> None:
    run.clock.say(f"the platform is kept; KUBECONFIG={made.cluster.kubeconfig}")
    run.clock.say("press Ctrl-C to end it")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C not break the teardown, which takes seconds."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def scenario(flux_platform: tuple[Platform, Harvest]) -> Harvest:
    """Stand in for the check's scenario: the harvest makes the real one in the check's own thread."""
    return flux_platform[1]


@pytest.fixture
def mutant_run(mutant_id: str, flux_platform: tuple[Platform, Harvest], request: pytest.FixtureRequest) -> MutantRun:
    """One mutant, with the checks that were collected."""
    run = request.session.stash[SESSION]
    made, harvest = flux_platform
    return MutantRun(MUTANTS[mutant_id], made, harvest.jobs, run.clock.say, run.mutants.append)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Take a check's result from the harvest, which ran it beside the others."""
    job = pyfuncitem.stash.get(JOB, None)
    if job is None:
        return None
    pyfuncitem.user_properties.append(("flux_check", job.key))
    run = pyfuncitem.session.stash[SESSION]
    harvest: Harvest = pyfuncitem.funcargs["scenario"]
    missing = job.check.needs - harvest.platform.cluster.capabilities
    if missing:
        run.results.append(
            _unjudged(job, harvest.platform.environment, Outcome.UNSUPPORTED, f"needs {', '.join(missing)}")
        )
        pytest.skip(f"unsupported by the provider: needs {', '.join(sorted(missing))}")
    result, error = harvest.result(job)
    run.results.append(result)
    if isinstance(error, Finding) and job.check.level is Level.PROVISIONAL:
        pytest.xfail(f"documented limit: {error.what}")
    if error is not None:
        raise error
    return True


def _unjudged(job: Job, environment: Environment, outcome: Outcome, message: str, layer: str = "") -> Result:
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
    if job is not None and report.when == "setup" and report.failed and error is not None:
        run = item.session.stash[SESSION]
        run.results.append(_unjudged(job, _of(item), Outcome.ERROR, str(error), getattr(error, "layer", "engine")))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Print no progress letters under `flux-tenancy run`: phases and the closing table speak."""
    ours = any(name == "flux_check" for name, _ in report.user_properties)
    if not ours or config.option.verbose >= 0 or report.when != "call":
        return None
    return report.outcome, "", ""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the report whatever happened, end everything, and turn the verdict into the exit code."""
    run = session.stash.get(SESSION, None)
    if run is None:
        return
    interrupted = exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    if interrupted and not run.breakdowns:
        run.breakdowns.append("engine: the run was interrupted before it was complete")
    with _undisturbed():
        try:
            report = write_run(run.report, run.run_record(), run.secrets)
            session.config.stash[REPORT] = report
            session.config.stash[FOLDER] = run.report
        finally:
            run.close()
    if not interrupted or session.shouldstop:
        session.exitstatus = report.judgement.exit_code


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
