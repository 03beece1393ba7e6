"""What a check may look at beside its own objects: access logs, controllers' logs, syncs."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from conformance import lockdown_arguments
from conformance.artifacts import Pull
from conformance.bootstrap import lockdown
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import Ref, container_words, main_container, pick, ref_to
from conformance.kube.wait import eventually
from conformance.model import Check, Manifest, Plane
from conformance.providers.arguments import OPERATOR, operator_setting
from conformance.repos.access_log import Entry
from conformance.repos.declared import declared
from conformance.repos.mapping import AddressMap
from conformance.repos.recorder import Received

T = TypeVar("T")

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
    denials: int

    def requests(self, path_contains: str, counts: Callable[[Entry], bool] = lambda _: True) -> Sequence[Entry]:
        """Return the requests to the git server since planting whose path contains a text; kept as evidence.

        `counts` tells those that the check is about from others' to the same repository, which come and go.
        """
        everything = self.platform.git.entries(path_contains=path_contains, since=self.planted_at)
        found = [entry for entry in everything if counts(entry)]
        self.evidence.record("access-log", path_contains, [entry.as_record() for entry in found])
        if not found or any(entry.status >= HTTPStatus.BAD_REQUEST for entry in found):
            # Requests that were served prove an allowed path, not a denial.
            self.planes[Plane.ACCESS_LOG] = None
        return found

    def pulls(self, path_contains: str) -> Sequence[Pull]:
        """Return the requests to the OCI registry since planting whose path contains a text; kept as evidence."""
        found = self.platform.registry.pulls(path_contains=path_contains, since=self.planted_at)
        self.evidence.record("registry-log", path_contains, [f"{p.method} {p.path} {p.status}" for p in found])
        return found

    def events_received(self, path_contains: str) -> Sequence[Received]:
        """Return the notifications that reached the suite's webhook (`${git_url}/events/…`) since planting."""
        found = self.platform.git.received(path_contains, since=self.planted_at)
        self.evidence.record("received", path_contains, [one.as_record() for one in found])
        self.planes[Plane.EVENT] = None
        return found

    def events_about(self, ref: Ref, text: str) -> Sequence[str]:
        """Return the messages of Kubernetes Events about a live object that contain a text; kept as evidence."""
        uid = pick(self.platform.client.find(ref), "metadata", "uid")
        fields = f"involvedObject.uid={uid}"
        events = self.platform.client.objects("v1", "Event", namespace=ref.namespace, fields=fields)
        found = [event["message"] for event in events if text in event["message"]]
        self.evidence.record("events", str(ref), found)
        if found:
            self.planes[Plane.EVENT] = None
        return found

    def log_lines(self, controller: str, text: str) -> Sequence[str]:
        """Return the lines of a controller's log since planting that contain a text.

        Raises:
            Breakdown: the provider does not show the controllers' logs (ask for them with `needs=`).
        """
        host = self.platform.cluster.host
        if host is None:
            raise Breakdown(f"{self.check.id}: the provider does not show the log of {controller}")
        lines = host.log(controller).splitlines()
        found = [line for line in lines if text in line and _logged_at(line) >= self.planted_at]
        self.evidence.record("controller-log", f"{controller} {text}", "\n".join(found) + "\n")
        if found:
            self.planes[Plane.CONTROLLER_LOG] = None
        return found

    def arguments(self, controller: str) -> Mapping[str, Sequence[str]]:
        """Return a controller's arguments: those of its live Deployment and, where it can be seen, of its process.

        Raises:
            Breakdown: it is not installed, or does not run.
        """
        live = self.platform.client.find(ref_to(f"Deployment/{controller}", self.platform.flux_namespace))
        seen = {"live Deployment": container_words(live) if live else []}
        if (host := self.platform.cluster.host) is not None:
            seen["running process"] = host.command_line(controller)
        for where, arguments in seen.items():
            self.evidence.record("arguments", f"{where} {controller}", arguments)
            if not arguments:
                raise Breakdown(f"{controller} has no {where}")
        return seen

    def lockdown_arguments(self) -> Sequence[lockdown_arguments.Row]:
        """Return the lockdown arguments of the controllers that run here, beside those that the other route sets.

        Raises:
            Breakdown: no controller of Flux is there.
        """
        columns = lockdown.arguments_of_routes(self.platform)
        controllers = columns[self.platform.route]
        if not controllers:
            raise Breakdown(f"{self.check.id}: no Deployment in {self.platform.flux_namespace} is a part of Flux")
        rows = lockdown_arguments.table(columns, controllers)
        shown = [{"controller": row.controller, "flag": row.flag, **row.values} for row in rows]
        self.evidence.record("arguments", "lockdown arguments of both routes", shown)
        return rows

    def operator_account(self) -> str:
        """Return the account that Flux Operator takes where a ResourceSet names none; empty: its own rights.

        Raises:
            Breakdown: the operator is not installed.
        """
        said = self.operator_setting("--default-service-account", "DEFAULT_SERVICE_ACCOUNT")
        return said["live Deployment"].partition("=")[2]

    def operator_setting(self, flag: str, variable: str) -> Mapping[str, str]:
        """Return what Flux Operator takes a setting from, by where: `NAME=value`, else `--flag=value`, else empty.

        The variable, which wins, is that of the live Deployment: a process has the environment of its Pod.

        Raises:
            Breakdown: the operator is not installed, or does not run.
        """
        seen = self.arguments(OPERATOR)
        live = self.platform.client.get(ref_to(f"Deployment/{OPERATOR}", self.platform.flux_namespace))
        found = {where: operator_setting(live, arguments, flag, variable) for where, arguments in seen.items()}
        self.evidence.record("arguments", f"{flag} or {variable} of {OPERATOR}", found)
        return found

    def events(self, ref: Ref, text: str) -> Sequence[str]:
        """Return the messages of Events on an object since planting that contain a text; kept as evidence."""
        fields = f"involvedObject.kind={ref.kind},involvedObject.name={ref.name}"
        events = self.platform.client.objects("v1", "Event", namespace=ref.namespace, fields=fields)
        since = self.planted_at.replace(microsecond=0)  # events tell the second only
        found = [e["message"] for e in events if text in e["message"] and _happened_at(e) >= since]
        if found:
            self.evidence.record("event", f"{ref} {text}", found)
            self.planes[Plane.EVENT] = None
        return found

    def declared_policies(self) -> Sequence[Manifest] | None:
        """Return what the fleet's own files have in the folder of policies; None where they do not say what is applied.

        Raises:
            InputError: a file is not YAML.
        """
        fleet = self.platform.fleet
        folder = fleet.folders(self.platform.environment).policies
        return declared(fleet.root, folder, AddressMap(self.platform.addresses))

    def until_enforced(self, ask: Callable[[], T], holds: Callable[[T], bool], *, what: str) -> T:
        """Ask until an answer holds: a changed policy or role takes a moment to be in force.

        The last answer alone is evidence. How often was asked before is chance, and no difference of two releases.

        Raises:
            WaitTimeout: none held within `Timeouts.policy_enforced`.
        """
        kept = len(self.evidence.files())

        def once() -> T:
            self.evidence.forget(kept)
            return ask()

        return eventually(once, holds, timeout_s=self.platform.timeouts.policy_enforced, what=what)

    def shown(self, *planes: Plane) -> None:
        """State that the check itself saw a denial, or that harm stayed away, on these planes."""
        self.denials += 1
        self.planes.update(dict.fromkeys(planes))

    def component_version(self, controller: str) -> tuple[int, ...]:
        """Return a controller's version, as (1, 9, 3), from the image of its live Deployment.

        Raises:
            Breakdown: it is not installed, or its image has no version for a tag.
        """
        live = self.platform.client.find(ref_to(f"Deployment/{controller}", self.platform.flux_namespace))
        image = str(main_container(live or {}).get("image") or "not installed")
        match = _VERSION.search(image)
        if match is None:
            raise Breakdown(f"{self.check.id}: the version of {controller} is not known: {image}")
        self.evidence.record("object", f"version of {controller}", f"{image}\n")
        return tuple(int(part) for part in match.groups())

    def unready_syncs(self, namespace: str = "", *, busy: bool = False) -> Sequence[Ref]:
        """Return the Kustomizations that Flux itself made and that failed, of one namespace or of all.

        The platform's own are suspended while a mutant lives, so their last condition counts, whatever its generation.

        Args:
            busy: also those that are being reconciled, as each is once in its interval: Ready=Unknown
                (kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:325).
        """
        kind = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
        labels = {MADE_BY_FLUX, self.platform.writer.applier.owner_label}
        made = [item for one in labels for item in self.platform.client.objects(*kind, namespace=namespace, labels=one)]
        well = {"True"} if busy else {"True", "Unknown"}
        return [Ref.of(item) for item in made if _status(item, "Ready") not in well]


def _status(item: Manifest, kind: str) -> str:
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((str(c["status"]) for c in conditions if c["type"] == kind), "")


def _happened_at(event: Manifest) -> datetime:
    said = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(said)


def _logged_at(line: str) -> datetime:
    """Return the time of a log line, as Flux controllers write them: JSON with `ts`."""
    try:
        return datetime.fromisoformat(json.loads(line)["ts"])
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC)
