"""What a check may look at beside its own objects: access logs, controllers' logs, syncs."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import Ref, pick, ref_to
from conformance.model import Check, Manifest, Plane
from conformance.repos.access_log import Entry

MADE_BY_FLUX = "kustomize.toolkit.fluxcd.io/name"
"""Label of every object that a Kustomization applied."""

_VERSION = re.compile(r":v(\d+)\.(\d+)\.(\d+)")


class Observing:
    """The part of a scenario that reads what servers, controllers and Flux's own objects say."""

    check: Check
    platform: Platform
    planted_at: datetime
    evidence: EvidenceFolder
    planes: dict[Plane, None]
    """The planes that showed a denial so far, in order."""

    def requests(self, path_contains: str) -> Sequence[Entry]:
        """Return the requests to the git server since planting whose path contains a text; kept as evidence."""
        found = self.platform.git.entries(path_contains=path_contains, since=self.planted_at)
        self.evidence.record("access-log", path_contains, [entry.as_record() for entry in found])
        self.planes[Plane.ACCESS_LOG] = None
        return found

    def log_lines(self, controller: str, text: str) -> Sequence[str]:
        """Return the lines of a controller's log since planting that contain a text.

        Raises:
            Breakdown: the provider does not show the controllers' logs (ask for them with `needs=`).
        """
        host = self.platform.cluster.host
        if host is None:
            raise Breakdown(f"{self.check.id}: the provider does not show the log of {controller}")
        lines = host.log(controller).read_text(errors="replace").splitlines()
        found = [line for line in lines if text in line and _logged_at(line) >= self.planted_at]
        self.evidence.record("controller-log", f"{controller} {text}", "\n".join(found) + "\n")
        self.planes[Plane.CONTROLLER_LOG] = None
        return found

    def component_version(self, controller: str) -> tuple[int, ...]:
        """Return a controller's version, as (1, 9, 3), from the image of its live Deployment.

        Raises:
            Breakdown: it is not installed, or its image has no version for a tag.
        """
        live = self.platform.client.find(ref_to(f"Deployment/{controller}", self.platform.flux_namespace))
        containers = pick(live, "spec", "template", "spec", "containers") or [{"image": "not installed"}]
        match = _VERSION.search(containers[0]["image"])
        if match is None:
            raise Breakdown(f"{self.check.id}: the version of {controller} is not known: {containers[0]['image']}")
        return tuple(int(part) for part in match.groups())

    def unready_syncs(self, namespace: str) -> Sequence[str]:
        """Return the Kustomizations of a namespace that Flux itself made and that are not Ready=True.

        The platform's own are suspended while a mutant lives, so their last condition counts, whatever its generation.
        """
        made = self.platform.client.objects(
            "kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace=namespace, labels=MADE_BY_FLUX
        )
        return [str(Ref.of(item)) for item in made if _status(item, "Ready") != "True"]


def _status(item: Manifest, kind: str) -> str:
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((str(c["status"]) for c in conditions if c["type"] == kind), "")


def _logged_at(line: str) -> datetime:
    """Return the time of a log line, as Flux controllers write them: JSON with `ts`."""
    try:
        return datetime.fromisoformat(json.loads(line)["ts"])
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC)
