"""From nothing to a platform with onboarded tenants, in the order in which a platform team would do it."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from conformance.artifacts import Chart, Registry, package_charts, push_charts, push_manifests
from conformance.bootstrap.canaries import Canary, violates
from conformance.bootstrap.credentials import credential_secret
from conformance.bootstrap.egress import admit_git_server
from conformance.bootstrap.encryption import KEY_ENTRY, PLATFORM_KEY, TENANT_KEY
from conformance.bootstrap.ground import EVIL, FLEET_REPOSITORY, Ground, canary_value, lay
from conformance.bootstrap.platform import Platform, Traces
from conformance.bootstrap.proving import proof_of_network
from conformance.bootstrap.routes import bootstrap_of
from conformance.errors import BootstrapError, Breakdown, WaitTimeout
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, is_ready, pick, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.model import Environment, Manifest, Onboarding, Sync
from conformance.process import Supervisor
from conformance.progress import PhaseClock
from conformance.providers.protocol import Cluster, Provider
from conformance.repos.fleet import Fleet
from conformance.repos.git_server import GitServer
from conformance.repos.probes import SYNC_NAME
from conformance.settings import Timeouts, data_dir

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a platform is to be made of."""

    environment: Environment
    name: str
    """What this platform is called in phases; a run may have several of one environment."""
    fleet: Fleet
    tenant_repo: Path
    operator_chart: Chart | None = None
    """What the Flux Operator is installed by; None: the manifests of its module."""
    sync: Sync = Sync.GIT
    onboarding: Onboarding = Onboarding.BASE
    """How the tenants of the checks are brought in."""
    probes: Sequence[str]
    provider: Provider
    binary: Callable[[str], Path]
    all_binaries: Callable[[], None]
    """Waits until everything that Flux's Deployments will want is built: their rollout has a deadline."""
    folder: Path
    """Private working folder of this platform."""
    report: Path
    logs: Path
    run_id: str
    flux_version: str
    timeouts: Timeouts
    clock: PhaseClock
    redactor: Callable[[str], str]
    secrets: list[str]
    """Receives every credential that is made, for redaction."""
    notes: list[str]
    asked: Sequence[str] = ()
    """See `Platform.asked`."""
    traces: Traces = field(default_factory=dict)
    """See `Platform.traces`; platforms of one run share it."""


@contextlib.contextmanager
def running_platform(order: Order) -> Iterator[Platform]:
    """Bring a platform up; take it down again at the end of the block, whatever happened in it.

    Raises:
        Breakdown: of the layer that failed.
    """
    env = order.name
    supervisor = Supervisor(order.run_id)
    with contextlib.ExitStack() as stack:
        stack.callback(_timed_down, order)
        stack.callback(supervisor.stop_all)
        gateway = order.provider.prepare()
        log = order.logs / "git-access.jsonl"
        git = stack.enter_context(GitServer(order.folder / "git", log, run_id=order.run_id, host=gateway))
        stack.enter_context(_explained(order))
        with ThreadPoolExecutor(1, "ground") as pool:
            laid: Future[tuple[Registry, Ground]] = pool.submit(_lay, order, git, supervisor, gateway)
            with order.clock.phase("control plane", env):
                cluster = order.provider.up()
            with order.clock.phase("repositories pushed", env):
                registry, ground = laid.result()
        order.secrets.extend(git.secrets())
        order.notes.extend(f"{env}: {said}" for said in ground.changes)
        with order.clock.phase("binaries", env, quiet=True):
            order.all_binaries()
        _bootstrap(order, cluster, git)
        made = _platform(order, cluster, git, registry, ground)
        with proof_of_network(made) as proof:
            with order.clock.phase("fleet and tenants ready", env, lambda: _unready(made)):
                _onboard(made, ground, order)
                order.notes.extend(f"{env}: {said}" for said in [admit_git_server(made)] if said)
            with order.clock.phase("network proved", env, quiet=True):
                order.notes.extend(f"{env}: {said}" for said in proof.result())
        yield made


def _timed_down(order: Order) -> None:
    with order.clock.phase("teardown", order.name):
        order.provider.down()


@contextlib.contextmanager
def _explained(order: Order) -> Iterator[None]:
    """Let the provider keep what explains a breakdown, while there is a cluster."""
    try:
        yield
    except Breakdown:
        order.provider.broken()
        raise


def _lay(order: Order, git: GitServer, supervisor: Supervisor, host: str) -> tuple[Registry, Ground]:
    registry = Registry(
        order.binary("registry"), order.folder / "registry", supervisor, log=order.logs / "registry.log", host=host
    )
    registry.start()
    _publish(order, git, registry)
    ground = lay(
        order.fleet,
        order.tenant_repo,
        order.environment,
        order.probes,
        git=git,
        registry=registry,
        kubectl=order.binary("kubectl"),
        flux=order.binary("flux"),
        sops=order.binary("sops"),
        folder=order.folder / "ground",
        outside=f"{order.provider.temporary('source-controller')}/chart-paths",
        flux_version=order.flux_version,
        images=order.provider.held_images(),
        sync=order.sync,
        onboarding=order.onboarding,
    )
    return registry, ground


def _publish(order: Order, git: GitServer, registry: Registry) -> None:
    """Publish the charts and a manifests artifact, once for the allowed organisation and once for the disallowed."""
    home, packed = order.folder / "tools", order.folder / "charts"
    charts = package_charts(order.binary("helm"), data_dir("fixtures") / "charts", packed, home=home)
    for organisation in (order.fleet.profile.organisation.strip("/"), EVIL):
        git.publish_charts(organisation, packed)
        address = f"oci://{registry.address}/{organisation}"
        push_charts(order.binary("helm"), charts, f"{address}/charts", home=home)
        push_manifests(
            order.binary("flux"),
            data_dir("fixtures") / "manifests",
            f"{address}/manifests/harmless",
            source=git.url,
            revision="main@sha1:0000000000000000000000000000000000000000",
            home=home,
        )


def _bootstrap(order: Order, cluster: Cluster, git: GitServer) -> None:
    credential = git.credential(FLEET_REPOSITORY)
    bootstrap = bootstrap_of(
        order.fleet,
        order.environment,
        cluster=cluster,
        binary=order.binary,
        url=git.repository_url(FLEET_REPOSITORY),
        pushed=order.folder / "ground" / "fleet",
        home=order.folder / "flux",
        timeout_s=order.timeouts.bootstrap,
        run_id=order.run_id,
        chart=order.operator_chart,
    )
    order.notes.extend(f"{order.name}: {said}" for said in [bootstrap.note] if said)
    with order.clock.phase(bootstrap.name, order.name, bootstrap.progress):
        bootstrap.install(kubeconfig=cluster.kubeconfig, username=credential.username, password=credential.password)


def _platform(order: Order, cluster: Cluster, git: GitServer, registry: Registry, ground: Ground) -> Platform:
    organisation = order.fleet.profile.organisation.strip("/")
    return Platform(
        environment=order.environment,
        cluster=cluster,
        fleet=order.fleet,
        git=git,
        registry=registry,
        git_url=f"{git.url}/{organisation}",
        oci_url=f"oci://{registry.address}/{organisation}",
        evil_git_url=f"{git.url}/{EVIL}",
        evil_oci_url=f"oci://{registry.address}/{EVIL}",
        report=order.report,
        folder=order.folder,
        timeouts=order.timeouts,
        redact=order.redactor,
        binary=order.binary,
        tenants=order.fleet.profile.tenants,
        probes=tuple(order.probes),
        fleet_commit=ground.fleet_commit,
        addresses=ground.addresses.describe(),
        added_files=tuple(ground.added_files),
        repositories=ground.repositories,
        sync=order.sync,
        onboarding=order.onboarding,
        writer=ground.writer,
        asked=order.asked,
        traces=order.traces,
    )


def _onboard(made: Platform, ground: Ground, order: Order) -> None:
    """Wait for policies and tenants; give each tenant its credential and canary as soon as its namespace is there."""
    namespace = made.flux_namespace
    client = made.client
    order.secrets.append(_put_canary(client, namespace))
    order.secrets.extend(ground.keys.secrets())
    _put_secret(client, namespace, PLATFORM_KEY, {KEY_ENTRY: ground.keys.platform.identity})
    _put_credentials(made, namespace, ground)
    _ready(made, ref_to("Kustomization/policies", namespace))
    with ThreadPoolExecutor(8, "onboard") as pool:
        wanted = [*made.probes, *made.tenants.values()]
        for value in pool.map(lambda name: _welcome(made, name, ground), wanted):
            order.secrets.append(value)
        syncs = ["tenants", *([SYNC_NAME] if made.probes else [])]
        list(pool.map(lambda name: _ready(made, ref_to(f"Kustomization/{name}", namespace)), syncs))
        # A sync is Ready when it has applied a ResourceSet; the tenants are there when that is Ready too.
        list(pool.map(lambda ref: _ready(made, ref, is_ready), _resource_sets(made)))
        list(pool.map(lambda name: _sync_ready(made, name), wanted))
    if made.probes:
        _wait_enforced(made, order)


def _welcome(made: Platform, namespace: str, ground: Ground) -> str:
    """Create a tenant's credential Secret and its canary in the namespace that the fleet made."""
    timeout = made.timeouts.fleet_ready
    _, there = object_until(made.client, ref_to(f"Namespace/{namespace}"), lambda s: s is not None, timeout_s=timeout)
    if not there:
        raise BootstrapError(
            f"the fleet did not make the namespace {namespace} within {timeout:g} s: {_unready(made)}",
            hint="kustomize-controller.log in the report's logs folder says why",
        )
    _put_credentials(made, namespace, ground)
    if key := ground.keys.tenants.get(namespace):
        _put_secret(made.client, namespace, TENANT_KEY, {KEY_ENTRY: key.identity})
    return _put_canary(made.client, namespace)


def _put_credentials(made: Platform, namespace: str, ground: Ground) -> None:
    for secret in (s for s in ground.secrets if s.namespace == namespace):
        made.client.apply(credential_secret(made.git, secret))


def _put_canary(client: KubeClient, namespace: str) -> str:
    value = canary_value()
    _put_secret(client, namespace, "canary", {"value": value})
    return value


def _put_secret(client: KubeClient, namespace: str, name: str, data: dict[str, str]) -> None:
    metadata = {"name": name, "namespace": namespace}
    client.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})


def _sync_ready(made: Platform, namespace: str) -> None:
    """Wait until a tenant's own Kustomizations, made by the fleet, are Ready."""
    label = made.writer.applier.owner_label
    items = made.client.objects("kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace=namespace, labels=label)
    for source in made.client.objects(
        "source.toolkit.fluxcd.io/v1", "GitRepository", namespace=namespace, labels=label
    ):
        # The first fetch may have come before the credential: ask again, as `flux reconcile source git` does.
        if not _is_ready(source):
            stamp = {"metadata": {"annotations": {REQUESTED_AT: source["metadata"]["resourceVersion"]}}}
            made.client.patch(Ref.of(source), stamp)
        _ready(made, Ref.of(source))
    for item in items:
        _ready(made, Ref.of(item))


def _resource_sets(made: Platform) -> list[Ref]:
    """Return the ResourceSets that make tenants, where tenants are made so."""
    if made.onboarding is not Onboarding.RESOURCESET:
        return []
    found = made.client.objects("fluxcd.controlplane.io/v1", "ResourceSet", namespace=made.flux_namespace)
    return [Ref.of(one) for one in found]


def _ready(made: Platform, ref: Ref, until: Callable[[Manifest | None], bool] | None = None) -> None:
    timeout = made.timeouts.fleet_ready
    state, ready = object_until(made.client, ref, until or _is_ready, timeout_s=timeout)
    if not ready:
        conditions = pick(state, "status", "conditions")
        raise BootstrapError(f"{ref} was not Ready within {timeout:g} s: {conditions or 'no status'}")


def _is_ready(state: Manifest | None) -> bool:
    current = pick(state, "status", "observedGeneration") == pick(state, "metadata", "generation")
    conditions = pick(state, "status", "conditions") or []
    return bool(current and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions))


def _unready(made: Platform) -> str:
    """Name what is waited for, for the heartbeat."""
    items = made.client.objects("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
    names = [str(Ref.of(item)) for item in items if not _is_ready(item)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"not ready: {', '.join(names[:_NAMED])}{more}" if names else ""


def _wait_enforced(made: Platform, order: Order) -> None:
    """Wait until each policy bites; one that never does is left for the checks to find (catalogue T03)."""
    for canary in Canary:
        try:
            eventually(
                partial(violates, made, canary, made.probes[0]),
                bool,
                timeout_s=made.timeouts.policy_enforced,
                what=f"enforcement of the {canary} policy",
            )
        except WaitTimeout as error:
            order.notes.append(str(error.what))
