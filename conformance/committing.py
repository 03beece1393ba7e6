"""What a check may set in motion beside its own objects: commits of a tenant, reconciliations."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Protocol

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import object_until
from conformance.model import Check, Manifest
from conformance.repos.push import TenantRepository

RECONCILE = "reconcile.fluxcd.io/requestedAt"


class Committed(Protocol):
    """What can be committed: an object of a scenario."""

    @property
    def manifest(self) -> Manifest:
        """The object."""

    @property
    def ref(self) -> Ref:
        """Its address."""


class Committing:
    """The part of a scenario that commits as a tenant, and asks Flux to reconcile."""

    check: Check
    platform: Platform

    def request_reconcile(self, ref: Ref) -> str:
        """Ask Flux to reconcile an object now, as `flux reconcile` does; return the request's stamp."""
        stamp = f"{self.check.id}-{time.time_ns()}"
        self.platform.client.patch(ref, {"metadata": {"annotations": {RECONCILE: stamp}}})
        return stamp

    def reconcile(self, ref: Ref) -> None:
        """Ask Flux to reconcile an object now, and wait until it has.

        Raises:
            Breakdown: the controller did not take the request up in time.
        """
        stamp = self.request_reconcile(ref)
        handled = lambda s: bool(s) and (s.get("status") or {}).get("lastHandledReconcileAt") == stamp  # noqa: E731
        timeout = self.platform.timeouts.reconciled
        _, done = object_until(self.platform.client, ref, handled, timeout_s=timeout)
        if not done:
            raise Breakdown(f"{ref} was not reconciled within {timeout:g} s of the request")

    def repository(self, tenant: str) -> TenantRepository:
        """Return a tenant's repository, to commit as that tenant would."""
        return self.platform.repositories[tenant]

    @contextlib.contextmanager
    def committed(self, tenant: str, subject: Committed) -> Iterator[str]:
        """Commit an object as a tenant, to the folder that its sync applies; the commit is undone at the end.

        Yields:
            The head, when source-controller has fetched it.
        """
        repository, path = self.repository(tenant), f"{self.platform.environment}/{self.check.id.lower()}.yaml"
        repository.write(path, json.dumps(subject.manifest))
        try:
            head = repository.commit(f"{self.check.id}: add {subject.ref.label}")
            self.reconcile(ref_to(f"GitRepository/{tenant}", tenant))
            yield head
        finally:
            repository.remove(path)
            repository.commit(f"{self.check.id}: take {subject.ref.label} away")
