"""What a check may do as the platform team: commit to a branch of the fleet, and have it applied as the fleet is.

The branch is the check's own, and copies of the fleet's live syncs apply it. What is looked at is therefore how this
fleet brings its tenants in; nothing that another check reads is touched, and the fleet's own syncs may be suspended.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Check, Manifest
from conformance.repos.probes import FOLDER, auth_secrets, is_kind, rename
from conformance.repos.push import TenantRepository
from conformance.repos.yaml_files import dump, load_objects

_OF_THE_FLEET = ("suspend", "healthChecks", "healthCheckExprs", "dependsOn")
"""Fields of a live sync that speak of the fleet's own objects, not of how it applies them."""


@dataclass(slots=True)
class FleetBranch:
    """A branch of the fleet repository, its source `<id>-fleet`, and its syncs `<id>-<name of the fleet's>`."""

    platform: Platform
    id: str
    repository: TenantRepository
    _copied: set[str] = field(default_factory=set)

    def write(self, path: str, *manifests: Manifest) -> None:
        """Write a file of the branch; the first folder is the name of the sync that applies it."""
        self.repository.write(self._path(path), dump([dict(one) for one in manifests]))

    def remove(self, path: str) -> None:
        """Remove a file of the branch."""
        self.repository.remove(self._path(path))

    def write_tenant(self, name: str, *, like: str, path: str) -> None:
        """Write what the fleet gives a tenant: the objects of a probe tenant under another name.

        Its sync applies the folder `path` of that probe's repository.
        """
        probe = self.repository.folder / FOLDER / self.platform.environment / f"{like}.yaml"
        objects = [self._of_tenant(one, name, like, path) for one in load_objects(probe)]
        self.write(f"tenants/{name}.yaml", *objects)

    def commit(self, message: str) -> str:
        """Commit, push, and wait until source-controller has fetched that commit; return it.

        Raises:
            Breakdown: it was not fetched in time.
        """
        head = self.repository.commit(f"{self.id.upper()}: {message}")
        live = self.platform.client.get(ref_to(f"GitRepository/{self._flux}", self._flux))
        spec = {**live["spec"], "ref": {"branch": self.repository.branch}, "interval": "1h", "suspend": False}
        source = self._object(live, "fleet", spec)
        source["metadata"]["annotations"] = {"reconcile.fluxcd.io/requestedAt": head}
        self.platform.client.apply(source)
        timeout = self.platform.timeouts.reconciled
        state, fetched = object_until(
            self.platform.client, Ref.of(source), lambda s: _revision(s).endswith(head), timeout_s=timeout
        )
        if not fetched:
            raise Breakdown(f"{Ref.of(source)} did not fetch {head} within {timeout:g} s: {pick(state, 'status')}")
        return head

    def sync(self, name: str, **changes: Any) -> Ref:
        """Apply the branch's folder `name` by a copy of the fleet's live sync of that name.

        It depends on the copies of what the fleet's own depends on, as far as such copies were made.
        """
        live = self.platform.client.get(ref_to(f"Kustomization/{name}", self._flux))
        spec = {key: value for key, value in live["spec"].items() if key not in _OF_THE_FLEET}
        spec |= {"path": f"./{self._path(name)}", "sourceRef": {"kind": "GitRepository", "name": f"{self.id}-fleet"}}
        named = [one["name"] for one in pick(live, "spec", "dependsOn") or []]
        if known := [{"name": f"{self.id}-{one}"} for one in named if one in self._copied]:
            spec["dependsOn"] = known
        copy = self._object(live, name, spec | changes)
        self._copied.add(name)
        self.platform.client.apply(copy)
        return Ref.of(copy)

    def welcome(self, name: str) -> None:
        """Wait for a new tenant's namespace, and give its source the credential, as the platform team does by hand.

        Raises:
            Breakdown: the namespace, or the source in it, did not come.
        """
        secrets = auth_secrets(load_objects(self.repository.folder / self._path(f"tenants/{name}.yaml")))
        self._until_there(ref_to(f"Namespace/{name}"))
        for secret in secrets:
            credential = self.platform.git.credential(secret.url.removeprefix(f"{self.platform.git.url}/"))
            data = {"username": credential.username, "password": credential.password}
            metadata = {"name": secret.name, "namespace": name}
            self.platform.client.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
        source = ref_to(f"GitRepository/{name}", name)
        self._until_there(source)
        stamp = {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}
        self.platform.client.patch(source, {"metadata": {"annotations": stamp}})

    def _until_there(self, ref: Ref) -> None:
        timeout = self.platform.timeouts.reconciled
        _, there = object_until(self.platform.client, ref, lambda state: state is not None, timeout_s=timeout)
        if not there:
            raise Breakdown(f"{ref} was not made within {timeout:g} s")

    def _of_tenant(self, one: Manifest, name: str, like: str, path: str) -> Manifest:
        renamed: Manifest = rename(one, {like: name})
        if is_kind(one, "source.toolkit.fluxcd.io/", "GitRepository"):
            return {**renamed, "spec": {**renamed["spec"], "url": one["spec"]["url"]}}
        if is_kind(one, "kustomize.toolkit.fluxcd.io/", "Kustomization"):
            return {**renamed, "spec": {**renamed["spec"], "path": path}}
        return renamed

    def _object(self, live: Manifest, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": f"{self.id}-{name}", "namespace": self._flux}
        return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, "spec": spec}

    def _path(self, path: str) -> str:
        return f"{FOLDER}/{self.id}/{path}"

    @property
    def _flux(self) -> str:
        return self.platform.flux_namespace


class Onboarding:
    """The part of a scenario that acts on the fleet repository."""

    check: Check
    platform: Platform

    def fleet_branch(self) -> FleetBranch:
        """Return a new branch of the fleet repository, as the fleet's main branch is now."""
        stamp = f"{self.check.id.lower()}-{time.time_ns()}"
        repository = clone(self.platform, FLEET_REPOSITORY, stamp)
        repository.branch = stamp
        return FleetBranch(self.platform, self.check.id.lower(), repository)

    def checkout(self, tenant: str = "") -> Path:
        """Return a fresh checkout of the fleet repository, or of a tenant's."""
        organisation = self.platform.fleet.profile.organisation
        name = f"{organisation}{tenant}" if tenant else FLEET_REPOSITORY
        return clone(self.platform, name, f"{self.check.id.lower()}-{tenant}-{time.time_ns()}").folder


def clone(platform: Platform, repository: str, folder: str) -> TenantRepository:
    """Return a clone of a repository of the suite's own server, to commit with its owner's credential."""
    credential = platform.git.credential(repository)
    return TenantRepository(
        platform.folder / "checkouts" / folder,
        platform.git.repository_url(repository),
        username=credential.username,
        password=credential.password,
    )


def _revision(state: Manifest | None) -> str:
    return str(pick(state, "status", "artifact", "revision") or "")
