"""An upgrade on the route of the Flux Operator: a commit that changes the version in the FluxInstance."""

import time
from dataclasses import dataclass
from typing import Any

import yaml

from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError, InputError
from conformance.kube.objects import pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Manifest
from conformance.repos import flux_instance
from conformance.repos.push import TenantRepository

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


@dataclass(frozen=True, slots=True)
class OperatorUpgrade:
    """Implements `Upgrade`: what the FluxInstance's own sync brings in, the operator rolls out."""

    platform: Platform
    release: str

    @property
    def route(self) -> str:
        """The Flux Operator, by Git."""
        return "a commit of spec.distribution.version of the FluxInstance"

    def begin(self) -> None:
        """Commit the version, and let the sync fetch it at once, as `flux reconcile` does."""
        self._commit()
        namespace = self.platform.flux_namespace
        for label in (f"GitRepository/{namespace}", f"Kustomization/{namespace}"):
            stamp = {"metadata": {"annotations": {REQUESTED_AT: str(time.time_ns())}}}
            self.platform.client.patch(ref_to(label, namespace), stamp)

    def wait(self) -> None:
        """Return when the FluxInstance is Ready with the release, and its sync is Ready too."""
        namespace = self.platform.flux_namespace
        instance = f"{flux_instance.KIND}/{flux_instance.NAME}"
        self._until(instance, lambda state: _ready(state) and _runs(state, self.release))
        # It is Ready only when all of its Deployments are: spec.wait is on unless somebody turns it off.
        self._until(f"Kustomization/{namespace}", _ready)

    def _commit(self) -> None:
        folder = self.platform.fleet.folders(self.platform.environment).operator or ""
        credential = self.platform.git.credential(FLEET_REPOSITORY)
        clone = TenantRepository(
            self.platform.folder / "checkouts" / f"upgrade-{time.time_ns()}",
            self.platform.git.repository_url(FLEET_REPOSITORY),
            username=credential.username,
            password=credential.password,
        )
        instance = flux_instance.find(clone.folder, folder, self.platform.flux_namespace)
        path = str(instance.path.relative_to(clone.folder))
        clone.write(path, with_version(instance.path.read_text(encoding="utf-8"), self.release))
        clone.commit(f"Upgrade Flux to {self.release}")

    def _until(self, label: str, holds: Any) -> None:
        ref = ref_to(label, self.platform.flux_namespace)
        timeout = self.platform.timeouts.upgraded
        state, done = object_until(self.platform.client, ref, holds, timeout_s=timeout)
        if not done:
            raise BootstrapError(
                f"{ref} did not become Ready with Flux {self.release} within {timeout:g} s: {_said(state)}",
                hint="flux-operator.log and the controllers' logs in the report's logs folder say why",
            )


def with_version(text: str, release: str) -> str:
    """Return a FluxInstance's file with another version in it.

    Raises:
        InputError: it names no version, or this one already.
    """
    documents = [one for one in yaml.safe_load_all(text) if one]
    for one in documents:
        distribution = one["spec"]["distribution"] if one.get("kind") == flux_instance.KIND else {}
        if distribution.get("version") not in (None, release):
            distribution["version"] = release
            return str(yaml.safe_dump_all(documents, sort_keys=False))
    raise InputError(f"the FluxInstance names no other version than {release}", hint="choose another release")


def _ready(state: Manifest | None) -> bool:
    conditions = pick(state, "status", "conditions") or []
    generation = pick(state, "metadata", "generation")
    return any(
        one["type"] == "Ready" and one["status"] == "True" and one.get("observedGeneration", generation) == generation
        for one in conditions
    )


def _runs(state: Manifest | None, release: str) -> bool:
    return str(pick(state, "status", "lastAppliedRevision") or "").startswith(f"v{release}@")


def _said(state: Manifest | None) -> str:
    conditions = pick(state, "status", "conditions") or []
    said = [f"{one['type']}={one['status']} {one['reason']}: {one['message']}" for one in conditions]
    return "; ".join(said) or "it is not there, or has no status"
