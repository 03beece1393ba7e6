"""What a provider gives: a cluster, what it can show, and how to end it."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.kube.audit import AuditLog
from conformance.kube.client import KubeClient
from conformance.model import Capability


class ControllerHost(Protocol):
    """Knows the running processes of the Flux controllers, where the provider lets the suite see them."""

    def command_line(self, controller: str) -> list[str]:
        """Return the arguments of the running process; empty when it does not run."""

    def log(self, controller: str) -> Path:
        """Return the controller's log file."""

    def temporary(self, controller: str) -> Path:
        """Return the folder that the process takes for temporary files."""

    def with_fault(self, controller: str, binary: Path, environment: Mapping[str, str]) -> None:
        """Restart a controller from another binary, until `without_fault`."""

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
    version: str
    capabilities: frozenset[Capability]
    audit: AuditLog | None
    """What the API server says of each write and each refused request."""
    logs: Path
    host: ControllerHost | None
    argument_changes: Sequence[str]


class Provider(Protocol):
    """Brings a cluster up and takes it down again, completely."""

    def up(self) -> Cluster:
        """Start the cluster.

        Raises:
            ProviderError: it did not become ready.
        """

    def down(self) -> None:
        """End everything that `up` started; harmless when it never ran."""


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that are free now; hold `runs.port_lock` until they are bound."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
