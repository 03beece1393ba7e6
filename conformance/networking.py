"""What a check may ask of the network: which connections stand, and which its policies would let through."""

from collections.abc import Sequence
from dataclasses import asdict

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import pick
from conformance.model import Capability, Cell, Fidelity, Plane
from conformance.network import Question, as_text

_A_NODE = "192.0.2.10"
"""Of the addresses kept for documentation (RFC 5737)."""


class Networking:
    """The part of a scenario that opens connections."""

    platform: Platform
    evidence: EvidenceFolder
    planes: dict[Plane, None]
    denials: int
    fidelity: Fidelity
    """Whether what this check judged was seen; simulated as soon as a part of it was computed only."""
    cells: list[Cell]

    def ask_network(self, questions: Sequence[Question]) -> Sequence[Cell]:
        """Open these connections from the Pods of the scenario, or compute them where there are no nodes.

        Raises:
            Breakdown: a Pod does not run, a probe does not work, or policies are not enforced at all (E00).
        """
        cells, policies = self.platform.network.ask(questions)
        self.fidelity = self.platform.network.fidelity
        self.cells += cells
        self.evidence.record("network", "matrix", as_text(cells))
        self.evidence.record("network", "cells", [{k: str(v) for k, v in asdict(cell).items()} for cell in cells])
        self.evidence.record("object", "NetworkPolicies of the cluster", list(policies))
        return cells

    @property
    def has_nodes(self) -> bool:
        """Whether Pods are executed here: else nothing listens, and connections are computed."""
        return Capability.NODES in self.platform.cluster.capabilities

    def pods_with(self, namespace: str, labels: str) -> Sequence[str]:
        """Return the names of the running Pods with these labels (`key=value`).

        Raises:
            Breakdown: there is none.
        """
        pods = self.platform.client.objects("v1", "Pod", namespace=namespace, labels=labels)
        names = [p["metadata"]["name"] for p in pods if not p["metadata"].get("deletionTimestamp")]
        if not names:
            raise Breakdown(f"{namespace} has no Pod with {labels}", hint="see what is installed there, and its labels")
        return names

    def node_address(self) -> str:
        """Return the address of a node in the cluster's own network; where there are no nodes, one that stands for it.

        Raises:
            Breakdown: no node says one.
        """
        if not self.has_nodes:
            return _A_NODE
        for node in self.platform.client.objects("v1", "Node"):
            for one in pick(node, "status", "addresses") or []:
                if one["type"] == "InternalIP":
                    return str(one["address"])
        raise Breakdown("no node of the cluster has an InternalIP", hint="kubectl get nodes -o wide")

    def prove_enforcement(self) -> None:
        """Close a Pod by a policy, open it, and close it again; each must show.

        Raises:
            NotEnforced: the network did not follow.
        """
        self.platform.network.enforcement.cycle()
        said = "a policy stopped a connection that stood without it, let it in again, and stopped it again\n"
        self.evidence.record("network", "enforcement", said)
        self.shown_by_traffic()

    def shown_by_traffic(self) -> None:
        """State that a denial was seen by a Pod, and that the policies say the same."""
        self.denials += 1
        self.planes.update(dict.fromkeys((Plane.TRAFFIC, Plane.COMPUTED)))
