"""A tenant of the suite's own on an existing cluster: planned and refused first, made, and taken away again."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.bootstrap.platform import Platform
from conformance.errors import PROBE_ROLE, Breakdown, InputError, KubeError
from conformance.kube.probing import MakingClient, ProbingClient
from conformance.model import Environment, Manifest
from conformance.process import run
from conformance.providers import heeded, inventory, throwaway
from conformance.providers.existing import Existing
from conformance.providers.inventory import Inventory
from conformance.providers.probe_lease import ProbeLease
from conformance.providers.probe_rights import missing_of_checks, missing_rights
from conformance.providers.throwaway import Plan, Throwaway
from conformance.repos import probes
from conformance.repos.fleet import Fleet
from conformance.repos.probes import Probe
from conformance.repos.yaml_files import parse_objects
from conformance.settings import Timeouts, environment
from conformance.signals import undisturbed

Phases = Callable[[str], contextlib.AbstractContextManager[None]]
_LIVE = "tenant-live"
"""ConfigMap that tells a tenant's namespace, as a tenant's repository has it on platforms of the suite's own."""


def planned(
    fleet: Fleet, env: Environment, tenants: Sequence[str], plain: Sequence[str], kubectl: Callable[[], Path]
) -> Plan:
    """Return what a probe will make: the fleet's template tenant under other names, without what Flux acts on.

    Raises:
        InputError: a name is the fleet's own, or the fleet's tenants cannot be built.
    """
    if not tenants:
        return Plan(plain=plain)
    wanted = [Probe(name=name) for name in tenants]
    probes.check_names(wanted, fleet.profile)
    folder = fleet.folders(env).tenants
    command: list[str | Path] = [kubectl(), "kustomize", fleet.root / folder]
    built = run(command, timeout_s=60, env={"PATH": environment()["PATH"]}).stdout
    template = probes.template_objects(parse_objects(built, Path(folder)), fleet.profile.tenant_template, folder)
    made = {one.name: probes.render_probe(template, fleet.profile, one, git_url="") for one in wanted}
    return Plan(tenants={name: [*objects, _live(name)] for name, objects in made.items()}, plain=plain)


@dataclass(slots=True)
class Probing:
    """One probe of one cluster."""

    found: Existing
    plan: Plan
    run_id: str
    flux_namespace: str
    timeouts: Timeouts
    notes: list[str] = field(default_factory=list)
    breakdowns: list[str] = field(default_factory=list)
    """What is left behind, or could not be looked at."""
    lacking: Sequence[str] = ()
    """Rights that checks alone use and that are missing, in words; known after `refuse`."""

    def refuse(self, template: str) -> None:
        """Look whether the probe may begin; nothing is changed.

        Args:
            template: namespace of the fleet's template tenant.

        Raises:
            InputError: names are taken, rights are missing by which the ground is made or removed, the namespaces could
                not be removed again, or another probe runs.
        """
        throwaway.refuse_taken(self.found.namespaces, self.plan)
        if missing := missing_rights(self._client, self.plan):
            told = "\n".join(f"  {one}" for one in missing)
            raise InputError(f"a probe takes rights that these credentials have not:\n{told}", hint=PROBE_ROLE)
        self.lacking = missing_of_checks(self._client, self.flux_namespace, self.plan)
        self._client.learn_servers()
        live = sorted(self.found.tenants.values(), key=lambda name: name != template)
        throwaway.refuse_undeletable(self._client, live)
        self._lease.refuse_taken()

    @contextlib.contextmanager
    def laid(self, phase: Phases) -> Iterator[None]:
        """Make the ground for the block, under the Lease; afterwards it is gone, whatever happened.

        Args:
            phase: gives the making and the removal a name and their seconds.

        Raises:
            Breakdown: it could not be made.
        """
        ground = Throwaway(self._client, self.plan, self.run_id, self.timeouts)
        with self._lease.held(), contextlib.ExitStack() as stack:
            with phase("tenants made"):
                if left := ground.reap():
                    self.notes.append(f"removed what an earlier probe had left: {', '.join(left)}")
                before = inventory.take(self._client, self.plan.namespaces)
                stack.callback(self._clear, ground, before, phase)
                ground.make()
                if without := self.plan.left_out:
                    self.notes.append(f"the probe's tenants are without what would be acted on: {', '.join(without)}")
            yield

    def _clear(self, ground: Throwaway, before: Inventory, phase: Phases) -> None:
        try:
            with _undisturbed(), phase("tenants removed"):
                ground.remove()
                after = inventory.take(self._client, self.plan.namespaces)
        except Breakdown as error:  # told in the report, whatever else ended the run
            self.breakdowns.append(f"probe: {error}")
            return
        difference = inventory.compare(before, after)
        self.notes.append(inventory.told(before, difference))
        if difference.ours:
            self.breakdowns.append(f"probe: it left objects behind: {', '.join(difference.ours)}")
        if difference.unknown:
            said = f"{', '.join(difference.unknown)} could not be listed again"
            self.breakdowns.append(f"probe: whether it left objects behind is not known: {said}")

    @property
    def _client(self) -> MakingClient:
        client = self.found.cluster.client
        if not isinstance(client, ProbingClient):
            raise KubeError("a probe needs its own client, which holds back what would last")
        return client.maker()

    @property
    def _lease(self) -> ProbeLease:
        return ProbeLease(self._client, f"{self.run_id} on {socket.gethostname()}")


def settle(platform: Platform, planted: Sequence[Manifest]) -> None:
    """Wait until what was planted for a check of a probe is heeded: it is judged at once, and not after minutes.

    Raises:
        WaitTimeout: a new binding is not heeded in time.
    """
    if isinstance(platform.client, ProbingClient):
        heeded.wait_in_force(platform.client, planted, platform.timeouts.policy_enforced)


def _live(namespace: str) -> Manifest:
    metadata = {"name": _LIVE, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"tenant": namespace}}


def _undisturbed() -> contextlib.AbstractContextManager[None]:
    """Let no second Ctrl-C break the removal; signals come to the main thread alone."""
    main = threading.current_thread() is threading.main_thread()
    return undisturbed() if main else contextlib.nullcontext()
