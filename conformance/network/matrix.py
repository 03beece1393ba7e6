"""Asks about connections, real or computed, and puts expected, observed and computed beside each other."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.errors import Breakdown, WaitTimeout
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import eventually
from conformance.model import Capability, Cell, Fidelity, Manifest, Reach, Seen
from conformance.network import oracle
from conformance.network.enforcement import CLIENT, NAMESPACE, Enforcement
from conformance.network.flows import Flow, Resolved, resolve
from conformance.network.guises import unsatisfied
from conformance.network.imagined import Imagined, Placed, imagine
from conformance.network.pods import PORT, wait_ready
from conformance.network.policies import deciding, live_policies
from conformance.network.probe import Prober
from conformance.providers.protocol import Cluster
from conformance.settings import Timeouts

_PROBES = 12
"""Probes at the same moment: each is a kubectl of its own, which costs 0.1 s of CPU."""
_BATCH = 5000
"""Imagined connections by one process of the oracle: a hundred tenants, 30 000 connections of E01, took 11 s."""
_LIFELINES = ((Ref("v1", "Pod", CLIENT, NAMESPACE), PORT), (ref_to("Service/kube-dns", "kube-system"), 53))
"""Where a Pod may be let to that a check keeps from others: a Pod that no policy closes, and the DNS server."""
_SHOWN = 100
"""Rows that are not as expected, of one question: where nobody has a policy, a report of every pair has no reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A connection, and what is expected of it."""

    flow: Flow
    expected: Reach
    twin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagination:
    """What was computed for Pods that are not there."""

    cells: list[Cell]
    """What is not as expected, as far as it can be shown, and a sample of the rest."""
    policies: Sequence[Manifest]
    asked: int
    """How many connections were computed."""
    unexpected: int
    """How many of them are not as expected."""
    unsatisfied: Sequence[str]
    """Policies of tenants that select by labels that no Pod can have."""


@dataclass(slots=True)
class Network:
    """The network of one cluster."""

    cluster: Cluster
    binary: Callable[[str], Path]
    folder: Path
    """Private working folder."""
    timeouts: Timeouts
    enforcement: Enforcement = field(init=False)

    def __post_init__(self) -> None:
        self.enforcement = Enforcement(self.cluster.client, self._connects, self.timeouts)

    @property
    def fidelity(self) -> Fidelity:
        """Whether connections are opened here, or computed."""
        return Fidelity.REAL if Capability.NODES in self.cluster.capabilities else Fidelity.SIMULATED

    def compute(self, flows: Sequence[Flow]) -> list[Reach]:
        """Return whether the live policies let these connections through.

        Raises:
            Breakdown: a Pod is not there, or the oracle failed.
        """
        resolved = [resolve(self.cluster.client, flow) for flow in flows]
        return self._computed(resolved, live_policies(self.cluster.client))

    def _computed(self, resolved: Sequence[Resolved], policies: Sequence[Manifest]) -> list[Reach]:
        return oracle.compute(self.binary("cyclonus"), self.folder / "oracle", policies, resolved)

    def ask(self, questions: Sequence[Question]) -> tuple[list[Cell], Sequence[Manifest]]:
        """Return what was seen and computed of these connections, and the policies that it was computed from.

        Raises:
            Breakdown: a Pod is not Ready, a probe does not work, or the network does not enforce policies at all; a Pod
                reaches nobody, not even where the policies let it, and nothing forbidden stands.
        """
        client = self.cluster.client
        wait_ready(client, [ref for question in questions for ref in _pods(question.flow)], self.timeouts.pod_ready)
        resolved = [resolve(client, question.flow) for question in questions]
        policies = live_policies(client)
        computed = self._computed(resolved, policies)
        seen, mute = [Seen.NOTHING] * len(questions), list[Resolved]()
        if self.fidelity is Fidelity.REAL:
            seen, mute = self._see(resolved, computed, policies)
        cells = [
            _cell(question, one, reach, said, policies)
            for question, one, reach, said in zip(questions, resolved, computed, seen, strict=True)
        ]
        leak = any(cell.expected is Reach.DENIED and cell.observed is Seen.CONNECTED for cell in cells)
        if mute and not leak:
            flow = mute[0].flow
            raise Breakdown(
                f"{flow.source} does not even reach {flow.target_name}, port {flow.port}, where policies let it: that "
                "it is kept from others proves nothing",
                hint="kubectl describe says whether its network came up",
            )
        return cells, policies

    def imagine(
        self, questions: Sequence[Question], manifests: Sequence[Manifest], tenants: Sequence[str], address: str
    ) -> Imagination:
        """Return what `ask` would compute with a scenario's Pods in place of each tenant's; nothing is made.

        Raises:
            Breakdown: what the flows lead to is not there, there is one tenant only, or the oracle failed.
        """
        flows = [question.flow for question in questions]
        policies = live_policies(self.cluster.client)
        forbidden = [number for number, question in enumerate(questions) if question.expected is Reach.DENIED]
        view, placed = imagine(
            self.cluster.client, manifests, flows, tenants, address, forbidden=forbidden, policies=policies
        )
        wrong: Counter[int] = Counter()
        cells = []
        for one, resolved, reach in self._imagined(view, placed, policies):
            question = replace(questions[one.number], flow=one.flow)
            wrong[one.number] += reach is not question.expected
            if one.sample or (reach is not question.expected and wrong[one.number] <= _SHOWN):
                cells.append(_cell(question, resolved, reach, Seen.NOTHING, policies))
        return Imagination(
            cells=cells,
            policies=policies,
            asked=len(placed),
            unexpected=wrong.total(),
            unsatisfied=unsatisfied(policies, tenants),
        )

    def _imagined(
        self, view: Imagined, placed: Sequence[Placed], policies: Sequence[Manifest]
    ) -> Iterator[tuple[Placed, Resolved, Reach]]:
        for start in range(0, len(placed), _BATCH):
            batch = placed[start : start + _BATCH]
            resolved = [resolve(view, one.flow) for one in batch]
            yield from zip(batch, resolved, self._computed(resolved, policies), strict=True)

    def _see(
        self, resolved: Sequence[Resolved], computed: Sequence[Reach], policies: Sequence[Manifest]
    ) -> tuple[list[Seen], list[Resolved]]:
        """Open every connection once, at the same time, when those that the policies allow have stood before.

        The network needs a moment for new Pods and policies, so what is allowed is tried until it stands, and once
        more where a busy node then loses a packet. What is denied is never tried again.

        Returns:
            What was seen, and what did not stand of the lifelines: of connections beside those that were asked for, by
            which a Pod that is to reach nobody shows that it could.
        """
        self.enforcement.prove(patient=False)
        self.enforcement.catch_up()
        answered = [one for one in zip(resolved, computed, strict=True) if one[0].flow.answered]
        allowed = [one for one, reach in answered if reach is Reach.ALLOWED]
        speaking = {one.flow.source for one in allowed}
        lifelines = self._lifelines([one.flow.source for one in resolved if one.flow.source not in speaking], policies)
        with ThreadPoolExecutor(_PROBES, "probe") as pool:
            stand = list(pool.map(self._stands, [*lifelines, *allowed]))[: len(lifelines)]
            seen = list(pool.map(self._open_once, resolved, computed))
        return seen, [one for one, stands in zip(lifelines, stand, strict=True) if not stands]

    def _lifelines(self, pods: Sequence[Ref], policies: Sequence[Manifest]) -> list[Resolved]:
        """Return for each Pod a connection that the policies let through; none of one that they let nowhere."""
        client = self.cluster.client
        targets = [(ref, port) for ref, port in _LIFELINES if pods and client.find(ref) is not None]
        flows = [Flow(source=pod, target=ref, port=port) for pod in dict.fromkeys(pods) for ref, port in targets]
        resolved = [resolve(client, flow) for flow in flows]
        reaches = self._computed(resolved, policies) if resolved else []
        found: dict[Ref, Resolved] = {}
        for one, reach in zip(resolved, reaches, strict=True):
            if reach is Reach.ALLOWED:
                found.setdefault(one.flow.source, one)
        return list(found.values())

    def _stands(self, resolved: Resolved) -> bool:
        """Wait until a connection stands; the one that counts is opened afterwards."""
        with contextlib.suppress(WaitTimeout):
            eventually(
                lambda: self._open(resolved),
                lambda seen: seen is Seen.CONNECTED,
                timeout_s=self.timeouts.network_settled,
                what=f"{resolved.flow.source} reaches {resolved.flow.target_name}",
            )
            return True
        return False

    def _open_once(self, resolved: Resolved, computed: Reach) -> Seen:
        seen = self._open(resolved)
        again = computed is Reach.ALLOWED and resolved.flow.answered and seen is not Seen.CONNECTED
        return self._open(resolved) if again else seen

    def _open(self, resolved: Resolved) -> Seen:
        home = self.folder / "kubectl-home"
        prober = Prober(
            kubectl=self.binary("kubectl"),
            kubeconfig=self.cluster.kubeconfig,
            home=home,
            timeout_s=self.timeouts.probe,
        )
        return prober.connect(resolved.flow.source, resolved.dial, resolved.flow.protocol)

    def _connects(self, flow: Flow) -> bool:
        return self._open(resolve(self.cluster.client, flow)) is Seen.CONNECTED


def as_text(cells: Sequence[Cell]) -> str:
    """Return the matrix as a table: expected beside observed beside computed."""
    heads = ["from", "to", "port", "expected", "observed", "computed", "decided by"]
    rows = [heads, *(_row(cell) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows) + "\n"


def _row(cell: Cell) -> list[str]:
    port = f"{cell.port}/{cell.protocol}"
    expected = f"{cell.expected}{' (twin)' if cell.twin else ''}"
    return [cell.source, cell.target, port, expected, cell.observed or "-", cell.computed, cell.decided_by]


def _pods(flow: Flow) -> list[Ref]:
    target = [flow.target] if isinstance(flow.target, Ref) and flow.target.kind == "Pod" else []
    return [flow.source, *target]


def _cell(question: Question, resolved: Resolved, computed: Reach, seen: Seen, policies: Sequence[Manifest]) -> Cell:
    flow = question.flow
    return Cell(
        source=f"{flow.source.namespace}/{flow.source.name}",
        target=flow.target_name,
        port=flow.port,
        protocol=flow.protocol,
        expected=question.expected,
        observed=seen,
        computed=computed,
        decided_by=deciding(policies, resolved),
        twin=question.twin,
        answered=flow.answered,
    )
