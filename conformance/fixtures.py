"""The chain of a run: settings -> toolchain -> cluster -> git -> flux -> fleet -> scenario, as one session object.

It is made when the first check is set up and closed when the last is torn down; pytest fixtures in plugin.py are thin.
"""

import contextlib
import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.ahead import Ahead
from conformance.artifacts import Chart
from conformance.bootstrap import bring_up, lockdown
from conformance.bootstrap.controls import TEXTS
from conformance.bootstrap.ground import fixture_folders
from conformance.bootstrap.mutants import MUTANTS
from conformance.bootstrap.operator_install import operator_chart
from conformance.bootstrap.platform import Platform, Traces
from conformance.bootstrap.ways import check_ways
from conformance.errors import Breakdown
from conformance.harvest import Harvest, Job
from conformance.lockdown_arguments import Arguments
from conformance.model import BinaryOrigin, Environment, MutantResult, Onboarding, Part, Result, Route, Run, Tally
from conformance.progress import PhaseClock
from conformance.providers.arguments import OPERATOR, of_route
from conformance.providers.choice import Providers, choose
from conformance.report.redact import redactor
from conformance.repos.fleet import Fleet, load_fleet
from conformance.repos.git_binary import require_git
from conformance.repos.mapping import digest
from conformance.repos.tenant_repo import load_tenant_repo
from conformance.runs import RunFolder, open_run, report_folder
from conformance.settings import Settings, cache_dir, chosen_words, data_dir
from conformance.timeline import UpgradeRecord
from conformance.toolchain import Subjects, Toolchain
from conformance.upgrading import TENANTS
from conformance.upgrading.there_and_back import Way

SERVER_TOOLS = ("flux", "registry", "helm", "sops")
ORACLE = ("cyclonus",)
"""Needed last, by the checks of the network."""
_WAYS = {
    Onboarding.BASE: "by its own tenant base",
    Onboarding.COMMAND: "by `flux create tenant`, with credentials encrypted in Git",
    Onboarding.RESOURCESET: "by a copy of its ResourceSet, with credentials encrypted in Git",
}
CONTROLLERS = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
)


@dataclass(slots=True)
class Session:
    """One run: what it was asked for, what it made, and what it found."""

    settings: Settings
    clock: PhaseClock
    fleet: Fleet
    tenant_repo: Path
    toolchain: Toolchain
    providers: Providers
    folder: RunFolder
    report: Path
    started: str
    results: list[Result] = field(default_factory=list)
    mutants: list[MutantResult] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    catalog: set[str] = field(default_factory=set)
    explanations: dict[str, Sequence[Part]] = field(default_factory=dict)
    breakdowns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    beyond: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    traces: Traces = field(default_factory=dict)
    lockdown: dict[str, Mapping[str, str]] = field(default_factory=dict)
    lockdown_arguments: dict[str, Mapping[str, Arguments]] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    argument_changes: Sequence[str] = ()
    images: dict[str, BinaryOrigin] = field(default_factory=dict)
    kubernetes_version: str = ""
    target: Toolchain | None = None
    """The release that the platforms are upgraded to, where that was asked for."""
    upgrades: list[UpgradeRecord] = field(default_factory=list)
    folders_sha256: Mapping[str, str] = field(default_factory=dict)
    operator_chart: Chart | None = None
    subjects: Subjects = field(init=False)
    peak_memory: int = 0
    """Bytes, of all processes of the run together, measured when all checks were read."""
    _ahead: dict[tuple[Environment, int], Ahead[tuple[Platform, Harvest]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.subjects = Subjects([self.toolchain, *([self.target] if self.target else [])])

    @contextlib.contextmanager
    def platform(
        self, environment: Environment, jobs: Sequence[Job], *, side: int = 1
    ) -> Iterator[tuple[Platform, Harvest]]:
        """Bring up a platform of one environment, with the tenants that these checks need.

        Args:
            side: which of several platforms of the environment that live side by side.
        """
        probes = probes_of(jobs, TENANTS if self.settings.upgrade_to else ())
        order = self._order(environment, probes, f"{environment}-{side}" if side > 1 else str(environment))
        with bring_up.running_platform(order) as made:
            if side == 1:
                self._note_platform(made)
            harvest = Harvest(made, jobs)
            try:
                yield made, harvest
                self.peak_memory = max(self.peak_memory, self.folder.memory())
            finally:
                harvest.close()

    def ahead(self, environment: Environment, jobs: Sequence[Job], *, side: int = 1) -> Ahead[tuple[Platform, Harvest]]:
        """Return a platform as `platform` does, that can come up before it is needed; `close` ends what nobody took."""
        key = environment, side
        if key not in self._ahead:
            self._ahead[key] = Ahead(lambda: self.platform(environment, jobs, side=side))
        return self._ahead[key]

    def upgrade(self, made: Platform, harvest: Harvest) -> None:
        """Take a platform to the other release, under attack; each check's result is the worse of before and after."""
        way = Way(
            source=self.settings.flux_version,
            target=self.settings.upgrade_to,
            back=self.settings.upgrade_and_back,
            flux=lambda release: self.subjects.find("flux", f"v{release}").binary,
            prepare=self._wait_for_target,
            clock=self.clock,
        )
        self.upgrades.extend(way.go(made, harvest))

    def run_record(self) -> Run:
        """Return everything that the report is built from."""
        return Run(
            run_id=self.folder.run_id,
            started=self.started,
            profile=self.settings.profile,
            flux_version=self.settings.flux_version,
            provider=self.settings.provider,
            bootstrap=self.settings.bootstrap,
            sync=self.settings.sync,
            onboarding=self.settings.onboarding,
            kubernetes_version=self.kubernetes_version,
            environments=self.settings.environments,
            fleet="reference" if self.settings.fleet is None else self.settings.fleet.name,
            fleet_commits=self.commits,
            folders_sha256=self.folders_sha256,
            address_map=self.addresses,
            argument_changes=self.argument_changes,
            lockdown=self.lockdown,
            lockdown_arguments=self.lockdown_arguments,
            lockdown_wanted={str(c): f"{t.title}: {t.remedy} ({t.where})" for c, t in TEXTS.items()},
            binaries=(*self._origins(), *self.images.values()),
            phases=tuple(self.clock.phases),
            results=tuple(self.results),
            mutants=tuple(self.mutants),
            tallies=tuple(self.tallies),
            expected_keys=frozenset(self.expected),
            catalog=frozenset(self.catalog),
            explanations=self.explanations,
            beyond=self.beyond,
            breakdowns=tuple(self.breakdowns),
            notes=tuple(self.notes),
            stand_ins=tuple(
                f"{name} {tag} could not be had: {version} ran in its place"
                for (name, tag), version in sorted(self.subjects.stand_ins().items())
            ),
            upgrades=tuple(self.upgrades),
        )

    def _origins(self) -> list[BinaryOrigin]:
        return [origin for toolchain in (self.toolchain, self.target) if toolchain for origin in toolchain.origins()]

    def redact(self, text: str) -> str:
        """Take every credential of this run out of a text."""
        return redactor(self.secrets)(text)

    def close(self) -> None:
        """Stop builds, end what still runs, and remove the run's private folder."""
        with contextlib.ExitStack() as stack:  # what cannot be ended keeps nothing else back
            stack.enter_context(self.clock.phase("clean-up", quiet=True))  # a long run has very many files
            stack.callback(self.folder.remove)
            for toolchain in (self.toolchain, self.target):
                if toolchain is not None:
                    stack.callback(toolchain.close)
            for ahead in self._ahead.values():
                stack.callback(ahead.abandon)

    def _order(self, environment: Environment, probes: Sequence[str], name: str) -> bring_up.Order:
        logs = self.report / "logs" / name
        provider = self.providers.make(
            folder=self.folder,
            name=name,
            components=self._components(),
            binary=self.toolchain.path,
            subject=self.subjects.find,
            logs=logs,
            say=self.clock.say,
        )
        return bring_up.Order(
            environment=environment,
            name=name,
            fleet=self.fleet,
            tenant_repo=self.tenant_repo,
            sync=self.settings.sync,
            onboarding=self.settings.onboarding,
            operator_chart=self.operator_chart,
            probes=probes,
            provider=provider,
            binary=self.toolchain.path,
            all_binaries=self._wait_for_controllers,
            folder=self.folder.scratch(f"{name}-ground"),
            report=self.report,
            logs=logs,
            run_id=self.folder.run_id,
            flux_version=self.settings.flux_version,
            timeouts=self.settings.timeouts,
            clock=self.clock,
            redactor=self.redact,
            secrets=self.secrets,
            notes=self.notes,
            asked=chosen_words(self.settings),
            traces=self.traces,
        )

    def _components(self) -> Mapping[str, str]:
        recipes = self.toolchain.recipes
        own = {OPERATOR: recipes.build_of(OPERATOR).version} if self.settings.bootstrap is Route.OPERATOR else {}
        return {**recipes.components, **own}

    def _wait_for_controllers(self) -> None:
        own = [OPERATOR] if self.settings.bootstrap is Route.OPERATOR else []
        lent = _of_target(self.settings, self.toolchain, self.target) if self.target and self.settings.stand_in else ()
        for name in (*own, *(CONTROLLERS if self.providers.runs_controllers else ())):
            (self.target if self.target and name in lent else self.toolchain).path(name)

    def _wait_for_target(self) -> None:
        if self.target is not None:
            for name in _parts(self.target):
                self.target.path(name)

    def _note_platform(self, made: Platform) -> None:
        env = str(made.environment)
        self.lockdown[env] = lockdown.read_all(made)
        self.lockdown_arguments[env] = lockdown.arguments_of_routes(made)
        self.commits[env] = made.fleet_commit
        self.addresses.update(made.addresses)
        self.argument_changes = of_route(made.cluster.argument_changes, self.settings.bootstrap)
        self.kubernetes_version = made.cluster.version
        self.notes += made.cluster.notes
        for image in made.cluster.host.images() if made.cluster.host else ():
            self.images[image.tool] = image
        if made.probes:
            self.notes.append(
                f"{env}: the suite added {len(made.probes)} tenants to the fleet, {_WAYS[self.settings.onboarding]}: "
                f"{', '.join(made.probes)}"
            )


def open_session(settings: Settings, write: Callable[[str], None]) -> Session:
    """Check all input, find or begin to build the binaries, and make the run's folders.

    Raises:
        InputError: bad input; nothing was started.
    """
    clock = PhaseClock(write)
    require_git()
    providers = choose(settings, clock.say)
    fixture_folders()
    fleet = load_fleet(settings.fleet or data_dir("fleet-repo"), settings.environments, settings.bootstrap)
    check_ways(fleet, settings.environments, settings.onboarding, settings.sync)
    tenant = load_tenant_repo(settings.tenant or data_dir("tenant-repo"), settings.environments).root
    folders_sha256 = {"fleet": digest(fleet.root), "tenant": digest(tenant)}
    toolchain = Toolchain(settings.flux_version, settings.toolchain, cache_dir(), clock.say)
    # Of the folder that the user gave nothing is taken: it holds the controllers of one release.
    other = settings.upgrade_to or settings.stand_in
    target = Toolchain(other, None, cache_dir(), clock.say) if other else None
    now = dt.datetime.now(dt.UTC)
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with contextlib.ExitStack() as undo:
        report = report_folder(settings.report, run_id)
        if settings.report is None:
            undo.callback(shutil.rmtree, report, ignore_errors=True)
        folder = open_run(run_id)
        undo.callback(folder.remove)
        undo.callback(toolchain.close)
        chart = operator_chart(settings, toolchain, folder)
        toolchain.require(_tools(settings, providers, toolchain), background=True)
        if target is not None:
            undo.callback(target.close)
            target.require(_of_target(settings, toolchain, target), background=True)
        undo.pop_all()
    parts = (settings, clock, fleet, tenant, toolchain, providers, folder, report, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    return Session(*parts, target=target, folders_sha256=folders_sha256, operator_chart=chart)


def _parts(release: Toolchain) -> list[str]:
    """Return the controllers that this release has here."""
    return [name for name in CONTROLLERS if name in release.recipes.components]


def _of_target(settings: Settings, toolchain: Toolchain, target: Toolchain) -> list[str]:
    """Return what of the other release is needed: its CLI to upgrade by, the controllers that may run or stand in."""
    own = _parts(toolchain) if settings.stand_in else ()
    flux = ["flux"] if settings.upgrade_to and settings.bootstrap is Route.CLI else []
    return [*flux, *(name for name in _parts(target) if name not in own)]


def _tools(settings: Settings, providers: Providers, toolchain: Toolchain) -> list[str]:
    """Return what the run needs, in the order in which it needs it."""
    wanted = [*providers.tools, *SERVER_TOOLS, *ORACLE]
    # Also where it runs as an image: it is installed from the manifests beside the binary.
    wanted += [OPERATOR] if settings.bootstrap is Route.OPERATOR else []
    if not providers.runs_controllers:
        return wanted
    wanted += _parts(toolchain) if settings.stand_in else CONTROLLERS
    chosen = MUTANTS.values() if "all" in settings.mutants else [MUTANTS[name] for name in settings.mutants]
    return wanted + sorted({tool for mutant in chosen for tool in mutant.tools})


def probes_of(jobs: Sequence[Job], more: Sequence[str] = ()) -> list[str]:
    """Return the probe tenants that these checks live in, and `more`, the shared ones first.

    Raises:
        InputError: a scenario that cannot be read.
    """
    names = {name for job in jobs for name in job.ground.tenants} | set(more)
    return sorted(names, key=lambda name: (not name.startswith("shared-"), name))


def explain(error: BaseException) -> str:
    """Return a breakdown as the user should read it."""
    return f"ERROR (not a finding): {breakdown(error)}"


def breakdown(error: BaseException) -> str:
    """Return the layer that broke and what it said, for the report, which adds the heading."""
    return f"{error.layer if isinstance(error, Breakdown) else 'engine'}: {error}"
