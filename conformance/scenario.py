"""The objects of one check on one platform, and what the check may do with them."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown, KubeError
from conformance.evidence import EvidenceFolder
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import object_until
from conformance.manifests import Planned, load
from conformance.model import Check, Environment, Manifest
from conformance.repos.access_log import Entry
from conformance.repos.push import TenantRepository

RECONCILE = "reconcile.fluxcd.io/requestedAt"
MADE_BY_FLUX = "kustomize.toolkit.fluxcd.io/name"
"""Label of every object that a Kustomization applied."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server answered to one request of one identity."""

    scenario: "Scenario"
    who: str
    request: str
    status: int
    reason: str = ""
    message: str = ""
    object: Manifest = field(default_factory=dict)

    @property
    def admitted(self) -> bool:
        """Whether the request went through."""
        return self.status < HTTPStatus.BAD_REQUEST

    def __str__(self) -> str:
        return f'{self.status} {self.reason} "{self.message}"' if not self.admitted else f"{self.status} (went through)"


@dataclass(frozen=True, slots=True)
class Subject:
    """One object of a scenario."""

    scenario: "Scenario"
    planned: Planned

    @property
    def manifest(self) -> Manifest:
        """The object as the YAML gives it, addresses filled in."""
        return self.planned.manifest

    @property
    def ref(self) -> Ref:
        """The object's address."""
        return self.planned.ref

    def with_fields(self, fields: Mapping[str, Any]) -> "Subject":
        """Return the object with other values at dotted paths, such as `spec.url`; a number is a list's index.

        For what YAML cannot say: addresses of the disallowed organisation, names that differ between fleets. A key that
        has a dot itself cannot be named.
        """
        manifest = self.manifest
        for path, value in fields.items():
            manifest = _replaced(manifest, path.split("."), value)
        return replace(self, planned=replace(self.planned, manifest=manifest))

    def live(self) -> Manifest | None:
        """Return the object as the platform admin sees it now."""
        return self.scenario.platform.client.find(self.ref)

    def submit(self, *, dry_run: bool = False, as_platform: bool | None = None) -> Answer:
        """Create the object, as the tenant of its namespace or as the platform admin."""
        platform = self.planned.as_platform if as_platform is None else as_platform
        client, who = self.scenario.identity("" if platform else self.ref.namespace)
        return self.scenario.ask(who, f"create {self.ref}", lambda: client.create(self.manifest, dry_run=dry_run))


class Scenario:
    """One check's objects, planted by the identities that would plant them."""

    def __init__(
        self,
        check: Check,
        path: Path,
        platform: Platform,
        *,
        folder: str,
        parameter: str = "",
        planted_at: datetime | None = None,
    ) -> None:
        self.check = check
        self.platform = platform
        self.parameter = parameter
        self.planted_at = planted_at or datetime.now(UTC)
        self.denied_at = time.monotonic()
        """When the last denial was seen; harm must stay absent for the hold window after it."""
        self.evidence = EvidenceFolder(platform.report, folder, platform.redact)
        self._subjects = [Subject(self, p) for p in load(path, platform.substitutions)]

    @property
    def environment(self) -> Environment:
        """The fleet's environment that this platform runs."""
        return self.platform.environment

    @property
    def subjects(self) -> Sequence[Subject]:
        """Every object of the YAML, in file order."""
        return list(self._subjects)

    def __getitem__(self, key: str | tuple[str, str]) -> Subject:
        """Return the object `Kind/name`, or (namespace, `Kind/name`) where two share a name."""
        namespace, label = key if isinstance(key, tuple) else ("", key)
        found = [s for s in self._subjects if s.ref.label == label and namespace in ("", s.ref.namespace)]
        if len(found) != 1:
            raise Breakdown(
                f"{self.check.id}: {len(found)} objects of the scenario are '{label}'; name one, with its namespace"
            )
        return found[0]

    def denial(self, policy: str) -> str:
        """Return the stable half of a policy's denial; `policy` is its key in conformance.yaml, such as `sources`.

        Raises:
            Breakdown: the fleet names no such policy, so nothing could deny.
        """
        name = getattr(self.platform.fleet.profile.policies, policy)
        if name is None:
            raise Breakdown(f"this fleet names no {policy} policy in conformance.yaml")
        return f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request"

    def existing(self, label: str, namespace: str) -> Subject:
        """Return an object (`Kind/name`) that the platform or the fleet made, to state expectations on."""
        ref = ref_to(label, namespace)
        metadata = {"name": ref.name, "namespace": ref.namespace}
        manifest = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
        return Subject(self, Planned(manifest, "wanted", as_platform=True, twin=""))

    def identity(self, namespace: str) -> tuple[KubeClient, str]:
        """Return the client and user name that act in a namespace: its tenant, else the platform admin."""
        if namespace in self.platform.probes or namespace in self.platform.tenants.values():
            return self.platform.as_tenant(namespace, self.check.id), self.platform.tenant_user(namespace)
        return self.platform.client, "platform admin"

    def plant(self) -> None:
        """Apply every object that the check does not submit itself, in file order.

        Raises:
            KubeError: an object that must be there was refused; the check cannot be judged.
        """
        self.planted_at = datetime.now(UTC)
        for subject in self._subjects:
            if subject.planned.use == "plant":
                client, who = self.identity("" if subject.planned.as_platform else subject.ref.namespace)
                try:
                    client.apply(subject.manifest)
                except ApiError as error:
                    raise KubeError(f"{self.check.id}: {who} could not plant {subject.ref}: {error.message}") from error

    def remove(self) -> None:
        """Delete every object of the scenario, last first, and wait until they are gone."""
        client = self.platform.client
        for subject in reversed(self._subjects):
            if subject.planned.use != "wanted":
                client.delete_if_exists(subject.ref)
        for subject in self._subjects:
            if subject.planned.use != "wanted":
                self.wait_gone(subject.ref)

    def wait_gone(self, ref: Ref) -> None:
        """Wait until an object is gone.

        Raises:
            KubeError: it still hangs at the deadline.
        """
        timeout = self.platform.timeouts.reconciled
        state, gone = object_until(self.platform.client, ref, lambda s: s is None, timeout_s=timeout)
        if not gone and state is not None:
            raise KubeError(
                f"{ref} was not removed within {timeout:g} s: finalizers {state['metadata'].get('finalizers')}"
            )

    def ask(self, who: str, request: str, call: Any) -> Answer:
        """Make one request and keep its answer as evidence; an error status is an answer, not an error."""
        try:
            answer = Answer(self, who, request, int(HTTPStatus.OK), object=call() or {})
        except ApiError as error:
            answer = Answer(self, who, request, error.status, error.reason, error.message)
        said = {
            "who": who,
            "request": request,
            "status": answer.status,
            "reason": answer.reason,
            "message": answer.message,
        }
        self.evidence.record("answer", request, said)
        return answer

    def get(self, ref: Ref, *, as_tenant: str) -> Answer:
        """Read an object as a tenant (the name is its namespace)."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"get {ref}", lambda: client.get(ref))

    def list(self, api_version: str, kind: str, namespace: str, *, as_tenant: str) -> Answer:
        """List a kind in a namespace as a tenant."""
        client, who = self.identity(as_tenant)
        request = f"list {kind} in {namespace or 'all namespaces'}"
        return self.ask(who, request, lambda: {"items": client.objects(api_version, kind, namespace=namespace)})

    def create(self, manifest: Manifest, *, as_tenant: str, dry_run: bool = False) -> Answer:
        """Create any object as a tenant; an empty tenant is the platform admin."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"create {Ref.of(manifest)}", lambda: client.create(manifest, dry_run=dry_run))

    def patch(self, ref: Ref, body: Mapping[str, Any], *, as_tenant: str, dry_run: bool = False) -> Answer:
        """Merge-patch an object as a tenant; an empty tenant is the platform admin."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"patch {ref}", lambda: client.patch(ref, body, dry_run=dry_run))

    def delete(self, ref: Ref, *, as_tenant: str, dry_run: bool = False) -> Answer:
        """Delete an object as a tenant; an empty tenant is the platform admin."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"delete {ref}", lambda: client.delete(ref, dry_run=dry_run))

    def requests(self, path_contains: str) -> Sequence[Entry]:
        """Return the requests to the git server since planting whose path contains a text; kept as evidence."""
        found = self.platform.git.entries(path_contains=path_contains, since=self.planted_at)
        self.evidence.record("access-log", path_contains, [entry.as_record() for entry in found])
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
        return [line for line in lines if text in line and _logged_at(line) >= self.planted_at]

    def request_reconcile(self, ref: Ref) -> str:
        """Ask Flux to reconcile an object now, as `flux reconcile` does; return the request's stamp."""
        stamp = f"{self.check.id}-{time.time_ns()}"
        self.platform.client.patch(ref, {"metadata": {"annotations": {RECONCILE: stamp}}})
        return stamp

    def reconcile(self, ref: Ref) -> None:
        """Ask Flux to reconcile an object now, and wait until it has.

        Raises:
            Breakdown: the controller did not take the request up in time.
        """
        stamp = self.request_reconcile(ref)
        handled = lambda s: bool(s) and (s.get("status") or {}).get("lastHandledReconcileAt") == stamp  # noqa: E731
        timeout = self.platform.timeouts.reconciled
        _, done = object_until(self.platform.client, ref, handled, timeout_s=timeout)
        if not done:
            raise Breakdown(f"{ref} was not reconciled within {timeout:g} s of the request")

    def unready_syncs(self, namespace: str) -> Sequence[str]:
        """Return the Kustomizations of a namespace that Flux itself made and that are not Ready=True.

        The platform's own are suspended while a mutant lives, so their last condition counts, whatever its generation.
        """
        made = self.platform.client.objects(
            "kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace=namespace, labels=MADE_BY_FLUX
        )
        return [str(Ref.of(item)) for item in made if _status(item, "Ready") != "True"]

    def repository(self, tenant: str) -> TenantRepository:
        """Return a tenant's repository, to commit as that tenant would."""
        return self.platform.repositories[tenant]

    @contextlib.contextmanager
    def committed(self, tenant: str, subject: Subject) -> Iterator[str]:
        """Commit an object as a tenant, to the folder that its sync applies; the commit is undone at the end.

        Yields:
            The head, when source-controller has fetched it.
        """
        repository, path = self.repository(tenant), f"{self.environment}/{self.check.id.lower()}.yaml"
        repository.write(path, json.dumps(subject.manifest))
        try:
            head = repository.commit(f"{self.check.id}: add {subject.ref.label}")
            self.reconcile(ref_to(f"GitRepository/{tenant}", tenant))
            yield head
        finally:
            repository.remove(path)
            repository.commit(f"{self.check.id}: take {subject.ref.label} away")


def _replaced(source: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(source, list):
        items = list(source)
        items[int(step)] = _replaced(items[int(step)], rest, value)
        return items
    return {**source, step: _replaced(source.get(step, {}), rest, value)}


def _status(item: Manifest, kind: str) -> str:
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((str(c["status"]) for c in conditions if c["type"] == kind), "")


def _logged_at(line: str) -> datetime:
    """Return the time of a log line, as Flux controllers write them: JSON with `ts`."""
    try:
        return datetime.fromisoformat(json.loads(line)["ts"])
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC)
