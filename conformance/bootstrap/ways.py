"""How this run brings tenants in, and whether the fleet has what that takes (docs/adr/0025)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.artifacts.publish import flux_prints
from conformance.artifacts.sealed import AgeKey, seal
from conformance.bootstrap.credentials import credential_secret
from conformance.bootstrap.encryption import PLATFORM_KEY
from conformance.errors import InputError
from conformance.model import Environment, Manifest, Onboarding, Sync
from conformance.repos.command_writer import CommandWriter
from conformance.repos.fleet import Build, Fleet
from conformance.repos.git_server import GitServer
from conformance.repos.oci_sync import resource_set_spec, tenants_spec
from conformance.repos.probes import AuthSecret
from conformance.repos.resourceset_writer import ResourceSetWriter, find_set
from conformance.repos.writers import BaseWriter, Writer
from conformance.repos.yaml_files import parse_objects

DECRYPTION = {"decryption": {"provider": "sops", "secretRef": {"name": PLATFORM_KEY}}}
"""What a sync says that applies encrypted credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Makes the writer of a run."""

    fleet: Fleet
    environment: Environment
    sync: Sync
    onboarding: Onboarding
    git: GitServer
    key: AgeKey
    """The platform's."""
    flux: Path
    sops: Path
    build: Build
    home: Path
    """A folder in place of the user's home, for the tools."""

    def writer(self, checkout: Path, template: Sequence[Manifest]) -> Writer:
        """Return what writes tenants into a rendered fleet."""
        profile = self.fleet.profile
        if self.onboarding is Onboarding.BASE:
            return BaseWriter(template, profile, sync_spec=self._sources())
        if self.onboarding is Onboarding.COMMAND:
            spec = {**self._sources(), **DECRYPTION}
            return CommandWriter(template=template, profile=profile, flux=self._flux, seal=self._seal, sync_spec=spec)
        own = self._set(checkout, resource_set_folder(self.fleet, self.environment))
        return ResourceSetWriter(own=own, profile=profile, seal=self._seal, sync_spec=self._sets(checkout))

    def _sets(self, checkout: Path) -> Mapping[str, Any]:
        """Return what the sync of tenants says that applies the fleet's own set."""
        if self.sync is Sync.GIT:
            return {**DECRYPTION, "path": f"./{resource_set_folder(self.fleet, self.environment)}"}
        path = artifact_set_folder(self.fleet, self.environment)
        return {**DECRYPTION, **resource_set_spec(path, self._set(checkout, path, credential=False))}

    def _set(self, checkout: Path, path: str, *, credential: bool = True) -> Manifest:
        objects = parse_objects(self.build(checkout / path), Path(path))
        return find_set(objects, self.fleet.profile.tenant_template.tenant, path, credential=credential)

    def _sources(self) -> Mapping[str, Any]:
        return tenants_spec(artifact_folder(self.fleet, self.environment)) if self.sync is Sync.OCI else {}

    def _seal(self, one: AuthSecret) -> str:
        return seal(self.sops, credential_secret(self.git, one), [self.key], home=self.home)

    def _flux(self, words: Sequence[str]) -> str:
        return flux_prints(self.flux, words, home=self.home)


def check_ways(fleet: Fleet, environments: Sequence[Environment], onboarding: Onboarding, sync: Sync) -> None:
    """Refuse a way that this fleet does not have.

    Raises:
        InputError: names what is missing; nothing was started.
    """
    for env in environments:
        by_set = onboarding is Onboarding.RESOURCESET
        if by_set:
            resource_set_folder(fleet, env)
        if sync is Sync.OCI:
            (artifact_set_folder if by_set else artifact_folder)(fleet, env)
    for component in fleet.profile.tenant_components if onboarding is Onboarding.COMMAND else ():
        if not (fleet.root / component).is_dir():
            raise InputError(
                f"{fleet.root}: no folder {component}, which is to be part of every tenant",
                hint="`tenantComponents` in conformance.yaml names them; an empty list says that there are none",
            )


def resource_set_folder(fleet: Fleet, env: Environment) -> str:
    """Return where the fleet has its tenants as a ResourceSet.

    Raises:
        InputError: it has none.
    """
    return _folder(fleet, env, "resourceSet", fleet.folders(env).resource_set, "--flux-onboarding")


def artifact_folder(fleet: Fleet, env: Environment) -> str:
    """Return where the fleet has its tenants with artifacts as sources.

    Raises:
        InputError: it has none.
    """
    return _folder(fleet, env, "ociTenants", fleet.folders(env).oci_tenants, "--flux-sync")


def artifact_set_folder(fleet: Fleet, env: Environment) -> str:
    """Return where the fleet has its tenants as a ResourceSet with artifacts as sources.

    Raises:
        InputError: it has none.
    """
    return _folder(fleet, env, "ociResourceSet", fleet.folders(env).oci_resource_set, "--flux-sync")


def _folder(fleet: Fleet, env: Environment, key: str, folder: str | None, option: str) -> str:
    if folder is None or not (fleet.root / folder).is_dir():
        raise InputError(
            f"{fleet.root}: environments.{env}.{key} in conformance.yaml names no folder of the fleet: {folder}",
            hint=f"name it, or leave {option} at its default",
        )
    return folder
