"""The objects of one check on one platform, and what the check may do with them."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from conformance.allowlisting import Allowlisting
from conformance.auditing import Auditing
from conformance.bootstrap.platform import Platform
from conformance.bootstrap.probing import settle
from conformance.building import Building
from conformance.committing import Committing
from conformance.errors import Breakdown, KubeError
from conformance.evidence import EvidenceFolder
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref, pick, ref_to, replaced
from conformance.kube.wait import eventually, object_until
from conformance.manifests import Planned, is_tenants, load
from conformance.model import Capability, Cell, Check, Environment, Fidelity, Manifest, Plane, Sync
from conformance.network import Flow
from conformance.networking import Networking
from conformance.observing import Observing
from conformance.onboarding import Onboarding
from conformance.repos.oci_sync import KIND as OCI_KIND
from conformance.repos.oci_sync import turned_to


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
    audit_id: str = ""
    """Names a refused request's line in the API server's audit log."""
    creates: Ref | None = None
    """What the request would have made, unless it was a dry-run."""

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
            manifest = replaced(manifest, path.split("."), value)
        return replace(self, planned=replace(self.planned, manifest=manifest))

    def live(self) -> Manifest | None:
        """Return the object as the platform admin sees it now."""
        return self.scenario.platform.client.find(self.ref)

    def to(self, target: "Subject | str", port: int, protocol: str = "TCP", *, answered: bool = True) -> Flow:
        """Return the connection from this Pod to a Pod, a Service, or an address outside of the cluster.

        Args:
            answered: whether somebody listens there; if nobody does, silence shows nothing and the policies decide.
        """
        where = target if isinstance(target, str) else target.ref
        return Flow(source=self.ref, target=where, port=port, protocol=protocol, answered=answered)

    def submit(self, *, dry_run: bool = False, as_platform: bool | None = None) -> Answer:
        """Create the object, as the tenant of its namespace or as the platform admin."""
        platform = self.planned.as_platform if as_platform is None else as_platform
        client, who = self.scenario.identity("" if platform else self.ref.namespace)
        creates = None if dry_run or not self.scenario.leaves else self.ref
        create = lambda: client.create(self.manifest, dry_run=dry_run)  # noqa: E731
        return self.scenario.ask(who, f"create {self.ref}", create, creates=creates)


class Scenario(Observing, Auditing, Committing, Onboarding, Building, Allowlisting, Networking):
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
        self.planes: dict[Plane, None] = {}
        self.denials = 0
        """How many refusals and absences of harm were shown."""
        self.fidelity = Fidelity.REAL
        self.cells: list[Cell] = []
        planned = [one for one in load(path, platform.substitutions) if self._is_here(one)]
        self._subjects = [Subject(self, self._on_fleet(one)) for one in planned]

    def _is_here(self, planned: Planned) -> bool:
        """Whether an object can be looked at: where the suite may make no tenants, none of theirs is there."""
        return self.may_plant or planned.use != "wanted" or not is_tenants(planned)

    @property
    def leaves(self) -> bool:
        """Whether what a check sends can last: of a probe, whose requests are dry-runs, absence would show nothing."""
        return self.may_submit or Capability.DRY_RUNS not in self.platform.capabilities

    @property
    def may_plant(self) -> bool:
        """Whether this check's objects are made: by a probe only those of checks that answers decide."""
        return self.may_submit or Capability.DRY_RUNS in self.check.needs

    def _on_fleet(self, planned: Planned) -> Planned:
        """Let a Kustomization that applies the fleet name its source by the kind that it has on this platform."""
        if self.platform.sync is Sync.GIT:
            return planned
        turned = turned_to(planned.manifest, self.platform.flux_namespace, OCI_KIND)
        return replace(planned, manifest=turned)

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

        Of a fleet that names no such policy no denial is expected to come, and any policy's would be a surprise.
        """
        name = getattr(self.platform.fleet.profile.policies, policy) or "(this fleet names none)"
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

    def account(self, namespace: str, name: str) -> tuple[KubeClient, str]:
        """Return a client with a token of any ServiceAccount, and its user name: somebody else than the tenant."""
        client = self.platform.client
        agent = f"flux-tenancy-conformance/{self.check.id}"
        token = client.token(namespace, name)
        return client.with_token(token, user_agent=agent), f"system:serviceaccount:{namespace}:{name}"

    def plant(self) -> None:
        """Apply every object that the check does not submit itself, in file order.

        Raises:
            KubeError: an object that must be there was refused; the check cannot be judged.
        """
        self.planted_at = datetime.now(UTC)
        for subject in self._subjects if self.may_plant else ():
            if subject.planned.use == "plant":
                client, who = self.identity("" if subject.planned.as_platform else subject.ref.namespace)
                if subject.ref.kind == "Namespace":
                    self._wait_for_last_one(subject.ref)
                try:
                    client.apply(subject.manifest)
                except ApiError as error:
                    raise KubeError(f"{self.check.id}: {who} could not plant {subject.ref}: {error.message}") from error
                if subject.ref.kind == "Namespace":
                    self._wait_for_account(subject.ref.name)
        settle(self.platform, [s.manifest for s in self._subjects if s.planned.use == "plant"])

    def _wait_for_last_one(self, namespace: Ref) -> None:
        """Wait until a namespace of this name, which is on its way out, is gone: nothing can be made in it."""
        state = self.platform.client.find(namespace)
        if state is not None and pick(state, "metadata", "deletionTimestamp"):
            self.wait_gone(namespace)

    def _wait_for_account(self, namespace: str) -> None:
        """Wait for a new namespace's ServiceAccount, which kube-controller-manager makes: before, Pods are refused."""
        timeout = self.platform.timeouts.reconciled
        account = ref_to("ServiceAccount/default", namespace)
        _, there = object_until(self.platform.client, account, lambda state: state is not None, timeout_s=timeout)
        if not there:
            raise KubeError(f"{self.check.id}: {account} was not made within {timeout:g} s")

    def remove(self) -> None:
        """Delete every object of the scenario, last first, then what its attack left behind; wait until all is gone.

        Planted namespaces are left on their way: kube-controller-manager lets 5 s go by before it looks at one
        (`namespaceDeletionGracePeriod`, kubernetes/pkg/controller/namespace). `plant` waits for what is left of them.
        """
        planted = [s.ref for s in reversed(self._subjects) if s.planned.use == "plant"]
        attempted = [s.ref for s in reversed(self._subjects) if s.planned.use == "attempt"]
        # In this order: Flux's objects clean up with the rights that others give, and may be what makes the rest.
        flux = [ref for ref in planted if "fluxcd." in ref.api_version]
        plain = [ref for ref in planted if ref not in flux]
        for refs in (flux, plain, [*attempted, *self.platform.traces.get(self.check.id, ())]):
            for ref in refs:
                self.platform.client.delete_if_exists(ref)
            for ref in refs:
                if ref not in plain or ref.kind != "Namespace":
                    self.wait_gone(ref)

    def wait_gone(self, ref: Ref) -> None:
        """Wait until an object is gone.

        Raises:
            KubeError: it still hangs at the deadline.
        """
        if self.platform.client.find(ref) is None:  # also where there is no such kind, which cannot be watched
            return
        timeout = self.platform.timeouts.reconciled
        state, gone = object_until(self.platform.client, ref, lambda s: s is None, timeout_s=timeout)
        if not gone and state is not None:
            raise KubeError(
                f"{ref} was not removed within {timeout:g} s: finalizers {state['metadata'].get('finalizers')}"
            )

    @contextlib.contextmanager
    def syncs_mended(self) -> Iterator[None]:
        """Reconcile afterwards what the block turned from Ready to not Ready, of all Kustomizations that Flux made.

        One whose interval ends within the block fails, and would stay failed until its next one.

        Raises:
            Breakdown: one of them is not Ready again in time.
        """
        before = set(self.unready_syncs())
        try:
            yield
        finally:
            for ref in set(self.unready_syncs(busy=True)) - before:
                self.reconcile(ref)
            eventually(
                lambda: set(self.unready_syncs(busy=True)) - before,
                lambda unready: not unready,
                timeout_s=self.platform.timeouts.reconciled,
                what="the Kustomizations that were Ready are so again",
                interval_s=0.5,
            )

    def ask(self, who: str, request: str, call: Any, *, creates: Ref | None = None) -> Answer:
        """Make one request and keep its answer as evidence; an error status is an answer, not an error.

        Args:
            creates: what the request makes if it goes through; a refusal is then confirmed by its absence.
        """
        try:
            answer = Answer(self, who, request, int(HTTPStatus.OK), object=call() or {})
        except ApiError as error:
            answer = Answer(
                self,
                who,
                request,
                error.status,
                error.reason,
                error.message,
                audit_id=error.audit_id,
                creates=creates,
            )
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
        ref = Ref.of(manifest)
        creates = None if dry_run or not self.leaves else ref
        return self.ask(who, f"create {ref}", lambda: client.create(manifest, dry_run=dry_run), creates=creates)

    def patch(self, ref: Ref, body: Mapping[str, Any], *, as_tenant: str, dry_run: bool = False) -> Answer:
        """Merge-patch an object as a tenant; an empty tenant is the platform admin."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"patch {ref}", lambda: client.patch(ref, body, dry_run=dry_run))

    def delete(self, ref: Ref, *, as_tenant: str, dry_run: bool = False) -> Answer:
        """Delete an object as a tenant; an empty tenant is the platform admin."""
        client, who = self.identity(as_tenant)
        return self.ask(who, f"delete {ref}", lambda: client.delete(ref, dry_run=dry_run))
