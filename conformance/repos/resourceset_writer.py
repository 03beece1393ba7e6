"""Tenants by an entry in a ResourceSet of Flux Operator: a copy of the fleet's own set, with other inputs.

The set copies each tenant's credential from the namespace of Flux, where it comes to by Git, encrypted: nobody has to
wait for the tenant's namespace with a Secret in hand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.errors import InputError
from conformance.model import Manifest
from conformance.repos.fleet_config import FleetProfile
from conformance.repos.probes import AuthSecret, auth_secrets, is_kind, rename
from conformance.repos.writers import Applier, Newcomer, Seal
from conformance.repos.yaml_files import dump, load_objects

OPERATOR = Applier(manager="flux-operator", owner_label="resourceset.fluxcd.controlplane.io/name")
COPY_FROM = "fluxcd.controlplane.io/copyFrom"
FILE = "tenants.yaml"
_NEEDED = ("url", "path")
"""Inputs that differ between the tenants of the checks besides their names."""
_INPUT = re.compile(r"<<-?\s*inputs\.(\w+)\s*-?>>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSetWriter:
    """One ResourceSet for each folder; each tenant is one of its inputs."""

    own: Manifest
    """The fleet's ResourceSet."""
    profile: FleetProfile
    seal: Seal
    sync_spec: Mapping[str, Any]
    applier: Applier = OPERATOR

    def write(self, root: Path, folder: str, newcomers: Sequence[Newcomer]) -> list[Path]:
        """Add entries to the folder's set, which is made with the first, and the credentials beside it."""
        place = root / folder
        place.mkdir(parents=True, exist_ok=True)
        entries = self._entries(place)
        written = []
        for one in newcomers:
            entry = self._entry(one)
            entries.append(entry)
            for secret in credentials(self.own, entry):
                written.append(place / f"{one.name}-auth.yaml")
                written[-1].write_text(self.seal(secret), encoding="utf-8")
        return [self._save(root, folder, entries), *written]

    def remove(self, root: Path, folder: str, name: str) -> None:
        """Take a tenant's entry out, and its credential."""
        place, own = root / folder, self._entry(Newcomer(name=name, url="", path="any"))
        differing = {key: value for key, value in own.items() if key not in _NEEDED}
        kept = [entry for entry in self._entries(place) if not differing.items() <= entry.items()]
        self._save(root, folder, kept)
        (place / f"{name}-auth.yaml").unlink()

    def secrets(self, root: Path, folder: str) -> list[AuthSecret]:  # noqa: ARG002
        """Return nothing: credentials lie in Git."""
        return []

    def set_of(self, folder: str) -> str:
        """Return the name of the folder's ResourceSet."""
        return folder.replace("/", "-")

    def _entries(self, place: Path) -> list[dict[str, Any]]:
        if not (place / FILE).is_file():
            return []
        (found,) = load_objects(place / FILE)
        return [dict(entry) for entry in found["spec"]["inputs"]]

    def _save(self, root: Path, folder: str, entries: Sequence[Mapping[str, Any]]) -> Path:
        own = {key: value for key, value in self.own["metadata"].items() if key in ("annotations", "labels")}
        metadata = {**own, "name": self.set_of(folder), "namespace": self.profile.flux_namespace}
        spec = {**self.own["spec"], "inputs": list(entries)}
        path = root / folder / FILE
        path.write_text(dump([{**self.own, "metadata": metadata, "spec": spec}]), encoding="utf-8")
        return path

    def _entry(self, one: Newcomer) -> dict[str, Any]:
        template = self.profile.tenant_template
        own = entry_of(self.own, template.tenant)
        renamed: dict[str, Any] = rename(own, {template.tenant: one.name, template.namespace: one.name})
        return {**renamed, "url": one.url, "path": one.path or own["path"]}


def find_set(objects: Sequence[Manifest], tenant: str, origin: str, *, credential: bool = True) -> Manifest:
    """Return the ResourceSet that makes a tenant.

    Args:
        credential: whether it has to bring one: artifacts of the run's registry need none.

    Raises:
        InputError: there is none, its entry lacks what checks have to vary, or it brings no credential.
    """
    sets = [one for one in objects if is_kind(one, "fluxcd.controlplane.io/", "ResourceSet")]
    for one in sets:
        if any(tenant in entry.values() for entry in one["spec"].get("inputs", [])):
            entry = entry_of(one, tenant)
            if missing := [key for key in _NEEDED if key not in entry]:
                raise InputError(
                    f"{origin}: the entry of tenant {tenant} has no {' and no '.join(missing)}",
                    hint="address and path of the tenant's repository have to be inputs of the ResourceSet",
                )
            if credential and not credentials(one, entry):
                raise InputError(
                    f"{origin}: the ResourceSet copies no credential to tenant {tenant}",
                    hint=f"a Secret among its resources, with the annotation {COPY_FROM}, is how tenants get theirs",
                )
            return one
    raise InputError(
        f"{origin}: no ResourceSet has tenant {tenant} among its inputs",
        hint="`environments.<name>.resourceSet` in conformance.yaml names the folder",
    )


def entry_of(resource_set: Manifest, tenant: str) -> dict[str, Any]:
    """Return the inputs of a tenant."""
    return dict(next(entry for entry in resource_set["spec"]["inputs"] if tenant in entry.values()))


def credentials(resource_set: Manifest, entry: Mapping[str, Any]) -> list[AuthSecret]:
    """Return the Secrets that a set copies to a tenant, and the address that they are for."""
    found = []
    for source in _copied(resource_set):
        namespace, _, name = fill(source, entry).partition("/")
        found.append(AuthSecret(namespace=namespace, name=name, url=str(entry["url"])))
    return found


def made_by_hand(objects: Sequence[Manifest]) -> list[AuthSecret]:
    """Return the credentials that tenants of a built folder need, whether it makes them itself or by a ResourceSet."""
    sets = [one for one in objects if is_kind(one, "fluxcd.controlplane.io/", "ResourceSet")]
    copied = [found for one in sets for entry in one["spec"].get("inputs", []) for found in credentials(one, entry)]
    return [*auth_secrets(objects), *copied]


def fill(text: str, entry: Mapping[str, Any]) -> str:
    """Return a text of a template with a tenant's inputs; functions of the template language stay as they are."""
    return _INPUT.sub(lambda match: str(entry.get(match[1], match[0])), text)


def _copied(resource_set: Manifest) -> Iterator[str]:
    for one in resource_set["spec"].get("resources", []):
        source = (one["metadata"].get("annotations") or {}).get(COPY_FROM)
        if one["kind"] == "Secret" and source:
            yield source
