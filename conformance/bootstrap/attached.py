"""The platform of an existing cluster: what was read of it, and no servers, repositories or tenants of the suite."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from conformance.bootstrap.ground import EVIL
from conformance.bootstrap.platform import Platform, Traces
from conformance.errors import Breakdown, MissingRightError
from conformance.kube.objects import pick, ref_to
from conformance.model import Environment, Onboarding, Sync
from conformance.providers.existing import Existing
from conformance.repos.fleet import Fleet
from conformance.repos.oci_sync import KIND as OCI_KIND
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
    probes: Sequence[str] = (),
) -> Platform:
    """Return an existing cluster as a platform that checks can read.

    Args:
        probes: the suite's own tenants, where it is to be probed; as which alone requests may be made.
    """
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
        evil_git_url=fleet.profile.addresses.git + EVIL,
        evil_oci_url=fleet.profile.addresses.oci + EVIL,
        report=report,
        folder=folder,
        timeouts=timeouts,
        redact=redact,
        binary=binary,
        tenants=found.tenants,
        probes=probes,
        fleet_commit="",
        addresses={},
        added_files=(),
        repositories={},
        sync=_sync(found, fleet.profile.flux_namespace),
        onboarding=Onboarding.BASE,
        writer=BaseWriter(template=(), profile=fleet.profile),
        asked=asked,
        traces=traces,
    )


def _sync(found: Existing, flux: str) -> Sync:
    """Return where the cluster takes its fleet from, by the Kustomization that a bootstrap makes.

    Where that may not be read it is Git: a check that needs the source looks for it first, and is not judged without.
    """
    try:
        own = found.cluster.client.find(ref_to(f"Kustomization/{flux}", flux))
    except MissingRightError:
        return Sync.GIT
    return Sync.OCI if pick(own, "spec", "sourceRef", "kind") == OCI_KIND else Sync.GIT


def _absent(what: str, name: str) -> Breakdown:
    return Breakdown(
        f"an existing cluster has no {what} of the suite's ('{name}' was asked of it)",
        hint="the check must ask for the capability 'repositories' by needs=",
    )
