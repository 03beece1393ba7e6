"""How a tenant is written into a fleet (docs/adr/0025).

By a copy of the fleet's own tenant base (here), by `flux create tenant` (command_writer.py), or by an entry in a
ResourceSet (resourceset_writer.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from conformance.model import Manifest
from conformance.repos.fleet_config import FleetProfile
from conformance.repos.probes import FLUX_KUSTOMIZATION, FLUX_SOURCE, AuthSecret, Probe, auth_secrets, is_kind
from conformance.repos.probes import render_probe as render
from conformance.repos.yaml_files import dump, load_objects, yaml_files

Seal = Callable[[AuthSecret], str]
"""Return a credential as a Secret in YAML that only the platform's key can decrypt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A tenant to be written; tenant, namespace, source and sync have its name."""

    name: str
    url: str
    """Address of its repository."""
    path: str = ""
    """spec.path of its sync; empty: as the fleet's own tenant has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Who applies what a writer wrote, as the API server sees it."""

    manager: str
    """Its field manager."""
    owner_label: str
    """The label that every object of a tenant bears."""


KUSTOMIZE = Applier(manager="kustomize-controller", owner_label="kustomize.toolkit.fluxcd.io/name")


class Writer(Protocol):
    """Writes tenants into a folder of a checkout, which a sync of the fleet applies."""

    @property
    def applier(self) -> Applier:
        """Who makes the tenants' objects."""

    @property
    def sync_spec(self) -> Mapping[str, Any]:
        """What the sync that applies the folder has to say besides; empty: nothing."""

    def write(self, root: Path, folder: str, newcomers: Sequence[Newcomer]) -> list[Path]:
        """Write tenants into `folder` of the checkout `root`, beside those that are there; return the files."""

    def remove(self, root: Path, folder: str, name: str) -> None:
        """Take a tenant out."""

    def secrets(self, root: Path, folder: str) -> list[AuthSecret]:
        """Return the credentials that a platform admin has to make by hand for the tenants of a folder."""

    def set_of(self, folder: str) -> str:
        """Return the name of the ResourceSet that makes a folder's tenants; empty: the sync makes them itself."""


@dataclass(frozen=True, slots=True)
class BaseWriter:
    """The objects of the fleet's template tenant under another name, one file for each tenant."""

    template: Sequence[Manifest]
    profile: FleetProfile
    applier: Applier = KUSTOMIZE
    sync_spec: Mapping[str, Any] = field(default_factory=dict)

    def write(self, root: Path, folder: str, newcomers: Sequence[Newcomer]) -> list[Path]:
        """Write `<folder>/<name>.yaml` for each."""
        (root / folder).mkdir(parents=True, exist_ok=True)
        written = []
        for one in newcomers:
            objects = render(self.template, self.profile, Probe(name=one.name, path=one.path), one.url)
            written.append(root / folder / f"{one.name}.yaml")
            written[-1].write_text(dump(objects), encoding="utf-8")
        return written

    def remove(self, root: Path, folder: str, name: str) -> None:
        """Remove the file."""
        (root / folder / f"{name}.yaml").unlink()

    def secrets(self, root: Path, folder: str) -> list[AuthSecret]:
        """Return what the GitRepositories name."""
        return auth_secrets(one for path in yaml_files(root / folder) for one in load_objects(path))

    def set_of(self, folder: str) -> str:  # noqa: ARG002
        """Return nothing: the sync applies the objects."""
        return ""


def sync_of(template: Iterable[Manifest]) -> tuple[Manifest, Manifest]:
    """Return the template tenant's Kustomization, and the GitRepository that it applies."""
    objects = list(template)
    sync = next(one for one in objects if is_kind(one, FLUX_KUSTOMIZATION, "Kustomization"))
    name = sync["spec"]["sourceRef"]["name"]
    sources = (one for one in objects if is_kind(one, FLUX_SOURCE, "GitRepository"))
    return sync, next(one for one in sources if one["metadata"]["name"] == name)
