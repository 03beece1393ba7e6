"""An upgrade on the route of the Flux CLI: a commit of the components of another release.

What `flux bootstrap` wrote into the fleet is replaced by what the other release's own CLI prints, as the Flux
documentation has it for upgrades by Git (https://fluxcd.io/flux/installation/upgrade/). The kustomization.yaml beside
it, with the lockdown, stays as it is, and applies its patches to the new components.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from conformance.artifacts.publish import flux_prints
from conformance.bootstrap.changes import rolled_out
from conformance.bootstrap.platform import Platform
from conformance.bootstrap.upgrade_commit import fetch_at_once, fleet_clone, wait_for
from conformance.errors import BootstrapError
from conformance.kube.objects import PART_OF_FLUX, Ref, is_ready, pick, ref_to
from conformance.model import Manifest

FILE = "gotk-components.yaml"
_VERSION = "app.kubernetes.io/version"
_COMPONENTS = re.compile(r"^# Components: *([a-z][a-z,-]*)$", re.MULTILINE)


@dataclass(slots=True)
class CliUpgrade:
    """Implements `Upgrade`: the platform's own sync brings the new components in, its own applier among them."""

    platform: Platform
    release: str
    flux: Path
    """The flux binary of that release."""
    _commit: str = field(default="", init=False)

    @property
    def route(self) -> str:
        """The Flux CLI, by Git."""
        return f"a commit of {FILE}, as `flux install --export` of the release prints it"

    def begin(self) -> None:
        """Commit the components, and let the sync fetch them at once, as `flux reconcile` does.

        Raises:
            BootstrapError: the fleet has no components of another release; nothing was changed.
        """
        clone = fleet_clone(self.platform)
        path = f"{self.platform.fleet.entry(self.platform.environment)}/{self.platform.flux_namespace}/{FILE}"
        file = clone.folder / path
        if not file.is_file():
            raise BootstrapError(f"the fleet has no {path}", hint="`flux bootstrap` writes it")
        before = file.read_text(encoding="utf-8")
        after = self._printed(components_of(before, path))
        if after == before:
            raise BootstrapError(f"{path} has the components of Flux {self.release} already")
        clone.write(path, after)
        self._commit = clone.commit(f"Move Flux to {self.release}")
        fetch_at_once(self.platform)

    def wait(self) -> None:
        """Return when the commit is applied, all of Flux's Deployments run the release, and the sync is Ready again."""
        namespace, wanted = self.platform.flux_namespace, f"of Flux {self.release}"
        sync = ref_to(f"Kustomization/{namespace}", namespace)
        wait_for(self.platform, sync, self._applied, f"Ready with the components {wanted}")
        # The sync does not wait for them (flux bootstrap writes no spec.wait).
        for one in self.platform.client.objects("apps/v1", "Deployment", namespace=namespace, labels=PART_OF_FLUX):
            wait_for(self.platform, Ref.of(one), self._rolled_out, f"rolled out as {wanted}")
        # Its applier was replaced meanwhile, and begins anew: an error of the new one would show here.
        wait_for(self.platform, sync, self._applied, f"Ready again with the components {wanted}")

    def _printed(self, components: str) -> str:
        words = ["install", "--export", f"--components={components}", f"--namespace={self.platform.flux_namespace}"]
        return flux_prints(self.flux, words, home=self.platform.folder / "flux-install")

    def _applied(self, state: Manifest | None) -> bool:
        return is_ready(state) and str(pick(state, "status", "lastAppliedRevision") or "").endswith(self._commit)

    def _rolled_out(self, state: Manifest | None) -> bool:
        return pick(state, "metadata", "labels", _VERSION) == f"v{self.release}" and rolled_out(state)


def components_of(text: str, path: str) -> str:
    """Return the components that a file of `flux bootstrap` says it has, with commas between.

    Raises:
        BootstrapError: it does not say.
    """
    found = _COMPONENTS.search(text)
    if found is None:
        raise BootstrapError(
            f"{path} does not say which components it has: it has no line '# Components: …'",
            hint="`flux bootstrap` and `flux install --export` write that line",
        )
    return found[1]
