"""An upgrade on the route of the Flux Operator: a commit that changes the version in the FluxInstance."""

from dataclasses import dataclass

import yaml

from conformance.bootstrap.platform import Platform
from conformance.bootstrap.upgrade_commit import fetch_at_once, fleet_clone, wait_for
from conformance.errors import InputError
from conformance.kube.objects import pick, ref_to
from conformance.model import Manifest
from conformance.repos import flux_instance


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
        fetch_at_once(self.platform)

    def wait(self) -> None:
        """Return when the FluxInstance is Ready with the release, and its sync is Ready too."""
        namespace, wanted = self.platform.flux_namespace, f"Ready with Flux {self.release}"
        instance = ref_to(f"{flux_instance.KIND}/{flux_instance.NAME}", namespace)
        wait_for(self.platform, instance, lambda state: _ready(state) and _runs(state, self.release), wanted)
        # It is Ready only when all of its Deployments are: spec.wait is on unless somebody turns it off.
        wait_for(self.platform, ref_to(f"Kustomization/{namespace}", namespace), _ready, wanted)

    def _commit(self) -> None:
        folder = self.platform.fleet.folders(self.platform.environment).operator or ""
        clone = fleet_clone(self.platform)
        instance = flux_instance.find(clone.folder, folder, self.platform.flux_namespace)
        path = str(instance.path.relative_to(clone.folder))
        clone.write(path, with_version(instance.path.read_text(encoding="utf-8"), self.release))
        clone.commit(f"Move Flux to {self.release}")


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
