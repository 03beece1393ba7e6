"""What a check may do as the platform team: commit to a branch of the fleet, and have it applied as the fleet is.

The branch is the check's own, and copies of the fleet's live syncs apply it. What is looked at is therefore how this
fleet brings its tenants in; nothing that another check reads is touched, and the fleet's own syncs may be suspended.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.artifacts import push_manifests
from conformance.bootstrap.credentials import credential_secret
from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import Ref, is_ready, pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Check, Manifest, Sync
from conformance.repos.oci_sync import KIND as OCI_KIND
from conformance.repos.probes import FOLDER
from conformance.repos.push import TenantRepository
from conformance.repos.writers import Newcomer
from conformance.repos.yaml_files import dump

TENANTS = "tenants"
"""The folder of a branch that a copy of the fleet's sync of tenants applies."""

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

    def write_tenant(self, name: str, *, like: str, path: str, ssh: bool = False) -> None:
        """Write what the fleet gives a tenant, in the way in which this run brings its tenants in.

        Its sync applies the folder `path` of the repository of the probe tenant `like`.

        Args:
            ssh: by a deploy key over SSH, if the fleet permits such addresses; else by a token.
        """
        base = self._ssh_prefix() if ssh else ""
        newcomer = Newcomer(name=name, url=f"{base or f'{self.platform.git_url}/'}{like}.git", path=path)
        self.platform.writer.write(self.repository.folder, self._path(TENANTS), [newcomer])

    def remove_tenant(self, name: str) -> None:
        """Take a tenant out again."""
        self.platform.writer.remove(self.repository.folder, self._path(TENANTS), name)

    def commit(self, message: str) -> str:
        """Commit, push, and wait until source-controller has fetched what was pushed.

        Returns:
            The end of the revision, as conditions name it: `sha1:<commit>`, of an artifact `sha256:<digest>`.

        Raises:
            Breakdown: it was not fetched in time.
        """
        head = self.repository.commit(f"{self.id.upper()}: {message}")
        kind = self._source
        if kind == OCI_KIND:
            pushed, ref = push_fleet(self.platform, self.repository, head), {"tag": self.repository.branch}
        else:
            pushed, ref = f"sha1:{head}", {"branch": self.repository.branch}
        live = self.platform.client.get(ref_to(f"{kind}/{self._flux}", self._flux))
        spec = {**live["spec"], "ref": ref, "interval": "1h", "suspend": False}
        source = self._object(live, "fleet", spec)
        source["metadata"]["annotations"] = {"reconcile.fluxcd.io/requestedAt": head}
        self.platform.client.apply(source)
        self.platform.traces.setdefault(self.id.upper(), set()).add(Ref.of(source))
        timeout = self.platform.timeouts.reconciled
        state, fetched = object_until(
            self.platform.client, Ref.of(source), lambda s: _revision(s).endswith(pushed), timeout_s=timeout
        )
        if not fetched:
            raise Breakdown(f"{Ref.of(source)} did not fetch {pushed} within {timeout:g} s: {pick(state, 'status')}")
        return pushed

    def sync(self, name: str, **changes: Any) -> Ref:
        """Apply the branch's folder `name` by a copy of the fleet's live sync of that name.

        It depends on the copies of what the fleet's own depends on, as far as such copies were made.
        """
        live = self.platform.client.get(ref_to(f"Kustomization/{name}", self._flux))
        spec = {key: value for key, value in live["spec"].items() if key not in _OF_THE_FLEET}
        spec |= {
            "path": f"./{self._path(name)}",
            "sourceRef": {"kind": self._source, "name": f"{self.id}-fleet"},
        }
        named = [one["name"] for one in pick(live, "spec", "dependsOn") or []]
        if known := [{"name": f"{self.id}-{one}"} for one in named if one in self._copied]:
            spec["dependsOn"] = known
        copy = self._object(live, name, spec | changes)
        self._copied.add(name)
        self.platform.client.apply(copy)
        return Ref.of(copy)

    def tenants_made(self) -> None:
        """Wait until the tenants of the branch are as its last commit has them, once the sync is Ready at it.

        Raises:
            Breakdown: the ResourceSet that makes them did not become Ready.
        """
        ref, timeout = self._resource_set(), self.platform.timeouts.reconciled
        if ref is None:
            return
        state, ready = object_until(self.platform.client, ref, is_ready, timeout_s=timeout)
        if not ready:
            raise Breakdown(f"{ref} was not Ready within {timeout:g} s: {pick(state, 'status', 'conditions')}")

    def tenants_by(self, sync: Ref) -> Ref:
        """Return what applies the tenants' objects: the ResourceSet of the branch, or the sync itself."""
        return self._resource_set() or sync

    def welcome(self, name: str) -> None:
        """Wait for a new tenant's namespace, and see that its source has the credential.

        Where the credential does not come by Git, it is made here, as the platform team does by hand.

        Raises:
            Breakdown: the namespace, or the source in it, did not come.
        """
        secrets = self.platform.writer.secrets(self.repository.folder, self._path(TENANTS))
        self._until_there(ref_to(f"Namespace/{name}"))
        for secret in (one for one in secrets if one.namespace == name):
            self.platform.client.apply(credential_secret(self.platform.git, secret))
        source = ref_to(f"GitRepository/{name}", name)
        self._until_there(source)
        stamp = {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}
        self.platform.client.patch(source, {"metadata": {"annotations": stamp}})

    def _resource_set(self) -> Ref | None:
        name = self.platform.writer.set_of(self._path(TENANTS))
        return ref_to(f"ResourceSet/{name}", self._flux) if name else None

    def _until_there(self, ref: Ref) -> None:
        timeout = self.platform.timeouts.reconciled
        _, there = object_until(self.platform.client, ref, lambda state: state is not None, timeout_s=timeout)
        if not there:
            raise Breakdown(f"{ref} was not made within {timeout:g} s")

    def _ssh_prefix(self) -> str:
        """Return the prefix below which the fleet permits SSH addresses; empty: it permits none."""
        named, ssh = self.platform.fleet.profile.allowlist, self.platform.git.ssh
        live = self.platform.client.get(ref_to(f"ConfigMap/{named.name}", named.namespace))
        prefix = f"{ssh.url}/{self.platform.git_url.rpartition('/')[2]}/"
        permitted = [line.strip() for line in live["data"][named.key].splitlines() if line.strip()]
        return prefix if any(prefix.startswith(one) for one in permitted) else ""

    def _object(self, live: Manifest, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": f"{self.id}-{name}", "namespace": self._flux}
        return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, "spec": spec}

    def _path(self, path: str) -> str:
        return f"{FOLDER}/{self.id}/{path}"

    @property
    def _source(self) -> str:
        return OCI_KIND if self.platform.sync is Sync.OCI else "GitRepository"

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
        repository = self.platform.clone(FLEET_REPOSITORY, stamp)
        repository.branch = stamp
        return FleetBranch(self.platform, self.check.id.lower(), repository)

    def checkout(self, tenant: str = "") -> Path:
        """Return a fresh checkout of the fleet repository, or of a tenant's."""
        organisation = self.platform.fleet.profile.organisation
        name = f"{organisation}{tenant}" if tenant else FLEET_REPOSITORY
        return self.platform.clone(name, f"{self.check.id.lower()}-{tenant}-{time.time_ns()}").folder


def push_fleet(platform: Platform, repository: TenantRepository, head: str) -> str:
    """Push a checkout of the fleet as an artifact whose tag is its branch; return its digest, `sha256:…`."""
    return push_manifests(
        platform.binary("flux"),
        repository.folder,
        f"{platform.registry.url}/{FLEET_REPOSITORY}",
        source=repository.url,
        revision=f"{repository.branch}@sha1:{head}",
        home=platform.folder / "tools",
        tag=repository.branch,
    )


def _revision(state: Manifest | None) -> str:
    return str(pick(state, "status", "artifact", "revision") or "")
