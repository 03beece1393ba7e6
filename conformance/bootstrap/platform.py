"""A bootstrapped platform: the cluster, its servers, the fleet on it, and the identities that act on it."""

import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from conformance.artifacts import Registry
from conformance.bootstrap.abilities import GIVES
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref
from conformance.model import Capability, Environment, Onboarding, Route, Sync
from conformance.network import Network
from conformance.providers.protocol import Cluster
from conformance.repos.fleet import Fleet
from conformance.repos.git_server import GitServer
from conformance.repos.push import TenantRepository
from conformance.repos.writers import Writer
from conformance.settings import Timeouts

Traces = dict[str, set[Ref]]
"""Id of a check -> what its attack would leave behind, which is removed with the check's objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Everything that a check, a mutant or the report may ask of the platform under test."""

    environment: Environment
    cluster: Cluster
    fleet: Fleet
    git: GitServer
    registry: Registry
    git_url: str
    """Address of the allowed organisation, without a trailing slash: `${git_url}`."""
    oci_url: str
    """Address of the allowed organisation with oci://, without a trailing slash: `${oci_url}`."""
    evil_git_url: str
    evil_oci_url: str
    report: Path
    """The report's folder; evidence goes below it."""
    folder: Path
    """Private working folder of this platform."""
    timeouts: Timeouts
    redact: Callable[[str], str]
    binary: Callable[[str], Path]
    tenants: Mapping[str, str]
    """The fleet's own tenants: name -> namespace."""
    probes: Sequence[str]
    """Tenants that the suite onboarded through the fleet for its checks: name = namespace."""
    fleet_commit: str
    addresses: Mapping[str, str]
    """The rule by which the repositories' addresses became local ones."""
    added_files: Sequence[str]
    """What the suite added to the fleet: its probe tenants."""
    repositories: Mapping[str, TenantRepository]
    """Tenant repositories that the suite may commit to, by tenant name."""
    sync: Sync
    onboarding: Onboarding
    writer: Writer
    """Brings in further tenants, in the way of this run."""
    asked: Sequence[str] = ()
    """Options of `flux-tenancy run` that say what is judged, where they were given: of every platform of the run."""
    traces: Traces
    """Shared by platforms side by side: a check that fails under a mutant ends before it names its traces."""
    _tokens: dict[str, str] = field(default_factory=dict)
    """Namespace of a tenant -> a token of its ServiceAccount: one for all checks, since each costs a signature."""
    _networks: list[Network] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def client(self) -> KubeClient:
        """The platform admin."""
        return self.cluster.client

    @property
    def route(self) -> Route:
        """How Flux got onto the cluster."""
        return self.fleet.route

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this platform can show: by its cluster, and by the route that Flux came on."""
        return self.cluster.capabilities | GIVES[self.route]

    @property
    def network(self) -> Network:
        """The network of the cluster, as Pods see it and as its policies say; one for all checks and mutants."""
        with self._lock:
            if not self._networks:
                self._networks.append(Network(self.cluster, self.binary, self.folder / "network", self.timeouts))
            return self._networks[0]

    @property
    def flux_namespace(self) -> str:
        """Where the controllers live."""
        return self.fleet.profile.flux_namespace

    @property
    def rerun(self) -> str:
        """Options of `flux-tenancy run` that give such a platform again, quoted for a shell."""
        chosen: dict[str, tuple[StrEnum, StrEnum]] = {
            "--bootstrap": (self.fleet.route, Route.CLI),
            "--sync": (self.sync, Sync.GIT),
            "--onboarding": (self.onboarding, Onboarding.BASE),
        }
        if Capability.REPOSITORIES not in self.cluster.capabilities:
            chosen = {}  # how Flux came to an existing cluster is read from it
        words = [f"{option} {value}" for option, (value, default) in chosen.items() if value is not default]
        return " ".join(filter(None, [self.cluster.rerun, *words, shlex.join(self.asked)]))

    @property
    def service_account(self) -> str:
        """The ServiceAccount that a tenant's reconciliations run as."""
        return self.fleet.profile.service_account

    @property
    def substitutions(self) -> dict[str, str]:
        """The values that a scenario's YAML may name."""
        return {
            "git_url": self.git_url,
            "oci_url": self.oci_url,
            "flux_namespace": self.flux_namespace,
            "release_timeout": f"{self.release_timeout_s}s",
        }

    @property
    def release_timeout_s(self) -> int:
        """Seconds that Helm waits for the Pods of a release; one that lacks them fails no sooner."""
        return 90 if Capability.NODES in self.capabilities else 30

    def clone(self, repository: str, folder: str) -> TenantRepository:
        """Return a clone of a repository of the suite's own server, to commit with its owner's credential."""
        credential = self.git.credential(repository)
        return TenantRepository(
            self.folder / "checkouts" / folder,
            self.git.repository_url(repository),
            username=credential.username,
            password=credential.password,
        )

    def tenant_user(self, namespace: str) -> str:
        """Return the user name of a tenant's reconciler, as the API server writes it."""
        return f"system:serviceaccount:{namespace}:{self.service_account}"

    def as_tenant(self, namespace: str, check_id: str) -> KubeClient:
        """Return a client with a token of the tenant's own ServiceAccount, marked with the check's id."""
        with self._lock:
            if namespace not in self._tokens:
                self._tokens[namespace] = self.client.token(namespace, self.service_account)
            token = self._tokens[namespace]
        return self.client.with_token(token, user_agent=f"flux-tenancy-conformance/{check_id}")
