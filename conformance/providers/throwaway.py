"""The throw-away namespaces of a probe: which there may be, how they are made, and that all of them go again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.errors import InputError, KubeError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.probing import INERT, MakingClient
from conformance.kube.wait import eventually, object_until
from conformance.model import Manifest
from conformance.providers.heeded import wait_in_force
from conformance.settings import Timeouts

LABEL = "conformance.fluxtenancy.dev/probe"
"""Label of a throw-away namespace; its value is the run that made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a probe will make: nothing of it is there yet."""

    tenants: Mapping[str, Sequence[Manifest]] = field(default_factory=dict)
    """Name of a tenant, which is its namespace's too -> its objects, the Namespace among them."""
    plain: Sequence[str] = ()
    """Further namespaces, which no tenant owns."""

    @property
    def namespaces(self) -> frozenset[str]:
        """The names of all."""
        return frozenset({*self.tenants, *self.plain})

    @property
    def left_out(self) -> Sequence[str]:
        """`Kind/name` of the first tenant's objects that are not made: somebody would act on them."""
        first = next(iter(self.tenants.values()), ())
        return [Ref.of(one).label for one in first if one["kind"] not in INERT and one["kind"] != "Namespace"]


def refuse_taken(namespaces: Sequence[Manifest], plan: Plan) -> None:
    """Refuse names that are taken by somebody else than an earlier probe.

    Raises:
        InputError: names them all.
    """
    there = {one["metadata"]["name"]: one for one in namespaces}
    taken = sorted(name for name in plan.namespaces & set(there) if not _run_of(there[name]))
    if taken:
        raise InputError(
            f"a probe makes namespaces of its own, and these are there already: {', '.join(taken)}",
            hint="choose checks that need none of them with -k, or probe another cluster",
        )


def refuse_undeletable(client: MakingClient, namespaces: Sequence[str]) -> None:
    """Ask whether a tenant's namespace could be deleted again, by a dry-run on one that is there: admission is asked.

    Raises:
        InputError: it could not; a probe would leave its namespaces for good.
    """
    for name in namespaces[:1]:
        try:
            client.delete(ref_to(f"Namespace/{name}"), dry_run=True)
        except ApiError as error:
            raise InputError(
                f"these credentials could not delete the namespaces of a probe again: asked by a dry-run for {name}, "
                f"the API server said {error.status}: {error.message}",
                hint="probe as the platform itself, whom the fleet's guard of namespaces lets through: a member of "
                "system:masters or kubeadm:cluster-admins, or a ServiceAccount of kube-system (ADR 0032)",
            ) from error


@dataclass(frozen=True, slots=True)
class Throwaway:
    """The namespaces of one run."""

    client: MakingClient
    plan: Plan
    run_id: str
    timeouts: Timeouts

    def reap(self) -> Sequence[str]:
        """Remove what probes left that did not come to their end; the Lease is held, so none of them lives."""
        left = [one["metadata"]["name"] for one in self.client.objects("v1", "Namespace", labels=LABEL)]
        self.client.ground.removable |= frozenset(left)
        self._remove(left)
        return left

    def make(self) -> None:
        """Make the namespaces and what a tenant gets in them; return when they serve.

        Raises:
            KubeError: something was refused.
            WaitTimeout: the cluster did not do its part in time.
        """
        self.client.ground.open(self.plan.namespaces)
        for name in self.plan.plain:
            self._namespace({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for objects in self.plan.tenants.values():
            for one in sorted(objects, key=lambda one: str(one["kind"]) != "Namespace"):
                if one["kind"] == "Namespace":
                    self._namespace(one)
                elif one["kind"] in INERT:
                    self.client.apply(one)
        eventually(
            self._lacking, lambda lacking: not lacking, timeout_s=self.timeouts.workload, what="the namespaces serve"
        )
        made = [one for objects in self.plan.tenants.values() for one in objects]
        wait_in_force(self.client, made, self.timeouts.policy_enforced)

    def remove(self) -> None:
        """Remove all namespaces of this run, and wait until they are gone.

        Raises:
            KubeError: some stay; names them.
        """
        self.client.ground.close("the probe is at its end")
        found = self.client.objects("v1", "Namespace", labels=f"{LABEL}={self.run_id}")
        self._remove([one["metadata"]["name"] for one in found])

    def _namespace(self, manifest: Manifest) -> None:
        """Make a namespace; one that somebody made meanwhile is not taken over."""
        metadata = manifest["metadata"]
        labels = {**(metadata.get("labels") or {}), LABEL: self.run_id}
        self.client.create({**manifest, "metadata": {**metadata, "labels": labels}})

    def _lacking(self) -> list[str]:
        """Return what Kubernetes itself has still to add: a namespace's account, and what its quotas count."""
        found = []
        for name in sorted(self.plan.namespaces):
            if self.client.find(ref_to("ServiceAccount/default", name)) is None:
                found.append(f"{name}/ServiceAccount/default")
            quotas = self.client.objects("v1", "ResourceQuota", namespace=name)
            found += [f"status of {Ref.of(one)}" for one in quotas if pick(one, "status", "used") is None]
        return found

    def _remove(self, names: Sequence[str]) -> None:
        refs = [ref_to(f"Namespace/{name}") for name in names]
        for ref in refs:
            self.client.delete_if_exists(ref)
        stay = [ref.name for ref in refs if not self._is_gone(ref)]
        if stay:
            raise KubeError(
                f"namespaces of a probe are not gone after {self.timeouts.namespace_gone:g} s: {', '.join(stay)}",
                hint=f"kubectl get namespaces -l {LABEL}; the next probe removes what is left",
            )

    def _is_gone(self, ref: Ref) -> bool:
        bound = self.timeouts.namespace_gone
        return object_until(self.client, ref, lambda state: state is None, timeout_s=bound)[1]


def _run_of(namespace: Manifest) -> str:
    return str((pick(namespace, "metadata", "labels") or {}).get(LABEL, ""))
