"""A run on an existing cluster: the checks that it can judge, and every other one with what it would need."""

import contextlib
import dataclasses
import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance import fixtures
from conformance.bootstrap import lockdown
from conformance.bootstrap.abilities import GIVES
from conformance.bootstrap.attached import attached
from conformance.bootstrap.platform import Platform
from conformance.bootstrap.probing import Probing, planned
from conformance.errors import Breakdown
from conformance.fixtures import Session
from conformance.harvest import Harvest, Job
from conformance.model import Capability, Environment, Run
from conformance.progress import PhaseClock
from conformance.providers.choice import choose
from conformance.providers.existing import Existing, find
from conformance.providers.protocol import EXISTING
from conformance.repos.fleet import Fleet, load_fleet
from conformance.repos.mapping import digest
from conformance.runs import open_run, report_folder
from conformance.settings import Settings, cache_dir, chosen_words, data_dir
from conformance.surface import live_surface
from conformance.toolchain import Toolchain


@dataclass(slots=True)
class ExistingSession(Session):
    """A session whose platform was there before it, and stays."""

    found: Existing = field(kw_only=True)
    probing: Probing | None = None
    """Tenants of the suite's own, where a check that was selected asks as one."""
    new_surface: Sequence[str] = ()
    """What the live Flux has, and no check and no waiver knows."""

    @contextlib.contextmanager
    def platform(
        self,
        environment: Environment,
        jobs: Sequence[Job],
        *,
        side: int = 1,  # noqa: ARG002
    ) -> Iterator[tuple[Platform, Harvest]]:
        """Give the existing cluster; of `side` there is only the first."""
        made = attached(
            self.found,
            self.fleet,
            environment,
            report=self.report,
            folder=self.folder.path,
            timeouts=self.settings.timeouts,
            redact=self.redact,
            binary=self.toolchain.path,
            traces=self.traces,
            asked=chosen_words(self.settings),
            probes=sorted(self.probing.plan.tenants) if self.probing else (),
        )
        with self.clock.phase("controls read back", str(environment)):
            self.lockdown[str(environment)] = lockdown.read_all(made)
            self.lockdown_arguments[str(environment)] = lockdown.arguments_of_routes(made)
        with self.clock.phase("surface read", str(environment)):
            self._read_surface(made)
        self._note()
        self._note_rights()
        with contextlib.ExitStack() as stack:
            stack.callback(made.client.close)
            stack.enter_context(self._ground(environment))
            harvest = Harvest(made, jobs)
            stack.callback(harvest.close)
            yield made, harvest

    @contextlib.contextmanager
    def _ground(self, environment: Environment) -> Iterator[None]:
        """Hold the throw-away tenants over the block; what is said of them, and of what is left, the report has."""
        if self.probing is None:
            yield
            return
        try:
            with self.probing.laid(lambda name: self.clock.phase(name, str(environment))):
                yield
        finally:
            for said in self.probing.notes:
                self.clock.say(said)
            self.notes += self.probing.notes
            self.breakdowns += self.probing.breakdowns

    def run_record(self) -> Run:
        """Return everything that the report is built from."""
        return dataclasses.replace(
            Session.run_record(self),
            mode=self.settings.mode,
            new_surface=self.new_surface,
            flux_version=self.found.flux_version,
            bootstrap=self.found.route,
            kubernetes_version=self.found.cluster.version,
        )

    def lacks(self) -> frozenset[Capability]:
        """Return what was taken for granted until the cluster was read, and is not there."""
        return frozenset[Capability]().union(*GIVES.values()) - GIVES[self.found.route]

    def _read_surface(self, made: Platform) -> None:
        """Count what touches isolation in the Flux that runs here; what nobody looks at is a doubt."""
        try:
            found = live_surface(made.client, made.flux_namespace, self.found.flux_version)
        except Breakdown as error:
            self.breakdowns.append(fixtures.breakdown(error))
            return
        self.new_surface = tuple(entry.id for entry in found.unmapped)
        said = f"{len(found.entries)} entries of the live Flux touch isolation; {len(found.unmapped)} are new surface"
        unread = len(found.reservations) - len(found.beside)
        depth = f"; of {unread} controllers no flag beyond those that are set was read" if unread else ""
        self.notes += [f"surface: {said}{depth}", *(f"surface: {one}" for one in found.beside)]

    def _note(self) -> None:
        self.images |= {image.tool: image for image in self.found.images}
        self.breakdowns += [
            f"fleet: the cluster has no namespace {namespace}, in which the fleet's tenant {tenant} should live"
            for tenant, namespace in self.found.absent.items()
        ]
        label = self.fleet.profile.tenant_label
        if self.found.unnamed:
            named = ", ".join(self.found.unnamed)
            self.notes.append(f"looked at as tenants too, by the label {label}: {named}; the fleet does not name them")

    def _note_rights(self) -> None:
        """Say before the first check which rights are missing; which checks each of them stops, the report says."""
        lacking = [*self.found.lacking, *(self.probing.lacking if self.probing else ())]
        if lacking:
            said = f"these credentials may not {'; '.join(lacking)}: what needs it is not judged"
            self.clock.say(said)
            self.notes.append(said)


def open_session(settings: Settings, write: Callable[[str], None], jobs: Sequence[Job]) -> Session:
    """Open a session for these checks as `fixtures.open_session` does; on an existing cluster, after a look at it.

    Raises:
        InputError: bad input; nothing was changed.
    """
    return _attach(settings, write, jobs) if settings.provider == EXISTING else fixtures.open_session(settings, write)


def lacking_here(session: Session, needs: Mapping[str, frozenset[Capability]]) -> dict[str, str]:
    """Return the checks whose needs the existing cluster turned out to lack, and what they need."""
    if not isinstance(session, ExistingSession):
        return {}
    missing = session.lacks()
    return {check: ", ".join(sorted(wanted & missing)) for check, wanted in needs.items() if wanted & missing}


def _attach(settings: Settings, write: Callable[[str], None], jobs: Sequence[Job]) -> Session:
    clock = PhaseClock(write)
    fleet = load_fleet(settings.fleet or data_dir("fleet-repo"), settings.environments)
    toolchain = Toolchain(settings.flux_version, settings.toolchain, cache_dir(), clock.say)
    now = dt.datetime.now(dt.UTC)
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with contextlib.ExitStack() as undo:
        report = report_folder(settings.report, run_id)
        if settings.report is None:
            undo.callback(shutil.rmtree, report, ignore_errors=True)
        undo.callback(toolchain.close)
        with clock.phase("cluster read"):
            found = find(settings, fleet.profile, report / "logs")
        probing = _probing(settings, fleet, found, run_id, jobs, toolchain)
        folder = open_run(run_id)
        undo.pop_all()
    return ExistingSession(
        settings,
        clock,
        dataclasses.replace(fleet, route=found.route),
        data_dir("tenant-repo"),
        toolchain,
        choose(settings, clock.say),
        folder,
        report,
        f"{now:%Y-%m-%dT%H:%M:%SZ}",
        found=found,
        probing=probing,
        folders_sha256={"fleet": digest(fleet.root)},
    )


def _probing(
    settings: Settings, fleet: Fleet, found: Existing, run_id: str, jobs: Sequence[Job], toolchain: Toolchain
) -> Probing | None:
    """Plan a probe for the checks that need one, and look whether it may begin; None where none does."""
    asking = [job for job in jobs if Capability.DRY_RUNS in job.check.needs]
    if not asking:
        return None
    tenants, plain = fixtures.probes_of(asking), sorted({name for job in asking for name in job.ground.planted})
    plan = planned(fleet, settings.environments[0], tenants, plain, lambda: toolchain.path("kubectl"))
    probing = Probing(found, plan, run_id, fleet.profile.flux_namespace, settings.timeouts)
    probing.refuse(fleet.profile.tenant_template.namespace)
    return probing
