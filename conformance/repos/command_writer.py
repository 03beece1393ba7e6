"""Tenants by `flux create tenant --export`, as the documentation has it, with what the fleet adds to each.

For each tenant a folder with four files: `rbac.yaml` and `sync.yaml` as the flux CLI writes them, `auth.yaml` with the
credential, encrypted, and `kustomization.yaml` with the fleet's components (guardrails) and its tenant label.
"""

import os.path
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import InputError
from conformance.model import Manifest
from conformance.repos.fleet_config import FleetProfile
from conformance.repos.probes import AuthSecret, is_kind
from conformance.repos.writers import KUSTOMIZE, Applier, Newcomer, Seal, sync_of
from conformance.repos.yaml_files import dump

Flux = Callable[[Sequence[str]], str]
"""Run the flux CLI, and return what it prints."""
_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWriter:
    """The documentation's route; the credential lies in Git, encrypted to the platform's key."""

    template: Sequence[Manifest]
    """The fleet's own tenant: its role, intervals and path are what the commands are given."""
    profile: FleetProfile
    flux: Flux
    seal: Seal
    sync_spec: Mapping[str, Any]
    applier: Applier = KUSTOMIZE

    def write(self, root: Path, folder: str, newcomers: Sequence[Newcomer]) -> list[Path]:
        """Write `<folder>/<name>/` for each."""
        with ThreadPoolExecutor(_AT_ONCE, "flux-create") as pool:
            return [path for paths in pool.map(lambda one: self._write(root, folder, one), newcomers) for path in paths]

    def remove(self, root: Path, folder: str, name: str) -> None:
        """Remove the tenant's folder."""
        shutil.rmtree(root / folder / name)

    def secrets(self, root: Path, folder: str) -> list[AuthSecret]:  # noqa: ARG002
        """Return nothing: credentials lie in Git."""
        return []

    def set_of(self, folder: str) -> str:  # noqa: ARG002
        """Return nothing: the sync applies the objects."""
        return ""

    def _write(self, root: Path, folder: str, one: Newcomer) -> list[Path]:
        place = root / folder / one.name
        place.mkdir(parents=True)
        sync, source = sync_of(self.template)
        secret = self._secret(source, one)
        texts = {
            "rbac.yaml": self.flux(self._tenant(one.name)),
            "sync.yaml": self.flux(_source(source, one, secret)) + self.flux(self._sync(sync, one)),
        }
        if secret is not None:
            texts["auth.yaml"] = self.seal(secret)
        texts["kustomization.yaml"] = dump([self._kustomization(f"{folder}/{one.name}", one.name, list(texts))])
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8")
        return [place / name for name in texts]

    def _tenant(self, name: str) -> list[str]:
        account = f"--with-service-account={self.profile.service_account}"
        role = f"--cluster-role={self._role()}"
        return ["create", "tenant", name, f"--with-namespace={name}", account, role, "--export"]

    def _role(self) -> str:
        """Return the ClusterRole that the fleet binds its own tenant to."""
        account = {"kind": "ServiceAccount", "name": self.profile.service_account}
        for one in self.template:
            bound = is_kind(one, "rbac.authorization.k8s.io/", "RoleBinding")
            found = bound and any(account.items() <= subject.items() for subject in one.get("subjects", []))
            if found and one["roleRef"]["kind"] == "ClusterRole":
                return str(one["roleRef"]["name"])
        raise InputError(
            f"tenant {self.profile.tenant_template.tenant}: no RoleBinding gives a ClusterRole to its "
            f"ServiceAccount {self.profile.service_account}, so `flux create tenant` cannot be given one",
            hint="leave --flux-onboarding at base for a fleet whose tenants have their rights in another way",
        )

    def _sync(self, sync: Manifest, one: Newcomer) -> list[str]:
        spec = sync["spec"]
        words = ["create", "kustomization", one.name, f"--namespace={one.name}", f"--source=GitRepository/{one.name}"]
        words += [f"--path={one.path or spec.get('path', './')}", f"--prune={str(spec.get('prune', False)).lower()}"]
        words.append(f"--service-account={self.profile.service_account}")
        return [
            *words,
            *_given("--interval", spec, "interval"),
            *_given("--retry-interval", spec, "retryInterval"),
            "--export",
        ]

    @staticmethod
    def _secret(source: Manifest, one: Newcomer) -> AuthSecret | None:
        if not source["spec"].get("secretRef"):
            return None
        return AuthSecret(namespace=one.name, name=f"{one.name}-auth", url=one.url)

    def _kustomization(self, place: str, name: str, resources: Sequence[str]) -> Manifest:
        return {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": name,
            "resources": list(resources),
            "components": [os.path.relpath(component, place) for component in self.profile.tenant_components],
            "labels": [{"pairs": {self.profile.tenant_label: name}}],
        }


def _source(source: Manifest, one: Newcomer, secret: AuthSecret | None) -> list[str]:
    spec = source["spec"]
    words = ["create", "source", "git", one.name, f"--namespace={one.name}", f"--url={one.url}"]
    words += [f"--branch={spec.get('ref', {}).get('branch', 'main')}", *_given("--interval", spec, "interval")]
    if secret is not None:
        words.append(f"--secret-ref={secret.name}")
    return [*words, "--export"]


def _given(flag: str, spec: Manifest, key: str) -> list[str]:
    return [f"{flag}={spec[key]}"] if key in spec else []
