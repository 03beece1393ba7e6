"""What a provider gives: a cluster, what it can show, and how to end it."""

import itertools
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.kube.audit import AuditLog
from conformance.kube.client import KubeClient
from conformance.model import BinaryOrigin, Capability
from conformance.timeline import Mark

LOOPBACK = "127.0.0.1"
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_PORT = 10_000

EXISTING = "existing"
"""The provider of clusters that no run made."""
LACKS: Mapping[str, frozenset[Capability]] = {
    "embedded": frozenset({Capability.NODES, Capability.NETWORK_POLICY}),
    # What Flux Operator gives is seen in the cluster itself.
    EXISTING: frozenset(Capability) - {Capability.FLUX_CLI, Capability.FLUX_OPERATOR},
}
"""What a provider lacks by its nature: known before there is a cluster. Checks and mutants that need it are not run."""
OWN = frozenset({Capability.DRY_RUNS, Capability.SUBMISSIONS, Capability.REPOSITORIES})
"""What every cluster that a run makes for itself has."""


class ControllerHost(Protocol):
    """Knows the running processes of the Flux controllers, where the provider lets the suite see them."""

    def command_line(self, controller: str) -> list[str]:
        """Return the arguments of the running process; empty when it does not run."""

    def log(self, controller: str) -> str:
        """Return what the controller wrote to its log so far."""

    def lay(self, controller: str, content: Path, name: str) -> str:
        """Copy a folder among the controller's temporary files; return its path as the controller sees it."""

    def images(self) -> Sequence[BinaryOrigin]:
        """Return the image of each controller that runs; nothing where they are processes of binaries."""

    def history(self) -> Sequence[Mark]:
        """Return what happened to the controllers so far, in order; nothing where nobody follows them."""

    def receiver(self) -> str:
        """Return host and port where notification-controller's webhooks can be called from this machine.

        Raises:
            ProviderError: it does not run, or cannot be reached.
        """

    def with_fault(self, controller: str, binary: Path, environment: Mapping[str, str]) -> None:
        """Restart a controller from another binary, until `without_fault`; needs `Capability.FAULTY_BUILDS`."""

    def without_fault(self, controller: str) -> None:
        """Restart a controller from its own binary again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster."""

    name: str
    kubeconfig: Path
    """Mode 0600, in the run's own folder."""
    client: KubeClient
    """The platform admin."""
    server: str
    """The API server's address as the controllers reach it."""
    gateway: str
    """The address of this machine at which servers listen, and which controllers and Pods reach."""
    gateway_name: str
    """Another name of `gateway`, for the controllers."""
    version: str
    capabilities: frozenset[Capability]
    audit: AuditLog | None
    """What the API server says of each write and each refused request."""
    logs: Path
    host: ControllerHost | None
    argument_changes: Sequence[str]
    notes: Sequence[str] = ()
    """What the report must say of this cluster."""
    rerun: str = ""
    """Options of `flux-tenancy run` that give such a cluster again."""
    stays: bool = False
    """It outlives the run; `Provider.down` says how to reach it."""


class Provider(Protocol):
    """Brings a cluster up and takes it down again, completely."""

    def prepare(self) -> str:
        """Make ready what the servers of a platform need before there is a cluster; return `Cluster.gateway`.

        Raises:
            ProviderError: it cannot be made.
        """

    def temporary(self, controller: str) -> str:
        """Return the folder that a controller will take for temporary files, as it sees it."""

    def held_images(self) -> Mapping[str, str]:
        """Return the images of Flux's controllers that are loaded from this machine, by their tag: name -> image.

        Nodes do not find these by the digest of a registry.
        """

    def up(self) -> Cluster:
        """Start the cluster.

        Raises:
            ProviderError: it did not become ready.
        """

    def broken(self) -> None:
        """Keep what helps to understand a breakdown, before `down`; says nothing when there is nothing."""

    def down(self) -> None:
        """End everything that `prepare` and `up` started; harmless when they never ran."""


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that are free now; hold `runs.port_lock` until they are bound.

    As long as there are others, none of those that the kernel gives to outgoing connections (`ip_local_port_range`,
    Linux Documentation/networking/ip-sysctl): one of them was seen to be taken before etcd had bound it.
    """
    taken: list[socket.socket] = []
    try:
        for port in itertools.chain(_unassigned(), itertools.repeat(0, count)):
            if len(taken) == count:
                break
            sock = socket.socket()
            try:
                sock.bind((LOOPBACK, port))
            except OSError:
                sock.close()
            else:
                taken.append(sock)
        return [sock.getsockname()[1] for sock in taken]
    finally:
        for sock in taken:
            sock.close()


def _unassigned() -> Iterator[int]:
    """Yield ports below those of outgoing connections, in an order that no two runs share."""
    try:
        first = int(_OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return  # not Linux
    ports = list(range(_LOWEST_PORT, first))
    secrets.SystemRandom().shuffle(ports)
    yield from ports
