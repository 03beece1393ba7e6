"""What the upgrades of both routes share: a commit to the fleet, fetched at once, and the wait for what comes of it."""

import time
from collections.abc import Callable

from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Manifest
from conformance.repos.push import TenantRepository

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


def fleet_clone(platform: Platform) -> TenantRepository:
    """Return a fresh clone of the pushed fleet, to commit to as the platform admin.

    Raises:
        ServerError: the fleet cannot be cloned.
    """
    return platform.clone(FLEET_REPOSITORY, f"upgrade-{time.time_ns()}")


def fetch_at_once(platform: Platform) -> None:
    """Let the fleet's sync take a commit in now, as `flux reconcile kustomization --with-source` does."""
    namespace = platform.flux_namespace
    for label in (f"GitRepository/{namespace}", f"Kustomization/{namespace}"):
        stamp = {"metadata": {"annotations": {REQUESTED_AT: str(time.time_ns())}}}
        platform.client.patch(ref_to(label, namespace), stamp)


def wait_for(platform: Platform, ref: Ref, holds: Callable[[Manifest | None], bool], wanted: str) -> None:
    """Return when an object of the platform is as wanted.

    Raises:
        BootstrapError: it is not, within `Timeouts.upgraded`; says what it is instead.
    """
    timeout = platform.timeouts.upgraded
    state, done = object_until(platform.client, ref, holds, timeout_s=timeout)
    if not done:
        raise BootstrapError(
            f"{ref} {wanted} was not seen within {timeout:g} s: {_said(state)}",
            hint="the controllers' logs in the report's logs folder say why",
        )


def _said(state: Manifest | None) -> str:
    conditions = pick(state, "status", "conditions") or []
    said = [f"{one['type']}={one['status']} {one.get('reason')}: {one.get('message')}" for one in conditions]
    return "; ".join(said) or "it is not there, or has no status"
