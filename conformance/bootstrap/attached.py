"""The platform of an existing cluster: what was read of it, and no servers, repositories or tenants of the suite."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from conformance.bootstrap.platform import Platform, Traces
from conformance.errors import Breakdown
from conformance.model import Environment, Onboarding, Sync
from conformance.providers.existing import Existing
from conformance.repos.fleet import Fleet
from conformance.repos.writers import BaseWriter
from conformance.settings import Timeouts


class _Absent:
    """Stands where this platform has nothing; whoever asks it anything is told so."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise _absent(self._what, name)


def attached(
    found: Existing,
    fleet: Fleet,
    environment: Environment,
    *,
    report: Path,
    folder: Path,
    timeouts: Timeouts,
    redact: Callable[[str], str],
    binary: Callable[[str], Path],
    traces: Traces,
    asked: Sequence[str] = (),
) -> Platform:
    """Return an existing cluster as a platform that checks can read."""
    git: Any = _Absent("git server")
    registry: Any = _Absent("OCI registry")
    address = fleet.profile.addresses.git + fleet.profile.organisation.strip("/")
    artifacts = fleet.profile.addresses.oci + fleet.profile.organisation.strip("/")
    return Platform(
        environment=environment,
        cluster=found.cluster,
        fleet=fleet,
        git=git,
        registry=registry,
        git_url=address,
        oci_url=artifacts,
        evil_git_url="",
        evil_oci_url="",
        report=report,
        folder=folder,
        timeouts=timeouts,
        redact=redact,
        binary=binary,
        tenants=found.tenants,
        probes=(),
        fleet_commit="",
        addresses={},
        added_files=(),
        repositories={},
        sync=Sync.GIT,
        onboarding=Onboarding.BASE,
        writer=BaseWriter(template=(), profile=fleet.profile),
        asked=asked,
        traces=traces,
    )


def _absent(what: str, name: str) -> Breakdown:
    return Breakdown(
        f"an existing cluster has no {what} of the suite's ('{name}' was asked of it)",
        hint="the check must ask for the capability 'repositories' by needs=",
    )
