"""What a check may ask of the network: which connections stand, and which its policies would let through."""

from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import Ref, pick, ref_to
from conformance.model import Capability, Cell, Fidelity, Manifest, Plane
from conformance.network import Question, as_text, other_groups

_A_NODE, _NOBODY = "192.0.2.10", "198.51.100.10"
"""Of the addresses kept for documentation (RFC 5737)."""
_A_POD = "10.244.0.10"
"""As Pods have them in many clusters; where no Pod of Flux tells."""
_DNS = ref_to("Service/kube-dns", "kube-system")


class Networking:
    """The part of a scenario that opens connections."""

    platform: Platform
    evidence: EvidenceFolder
    planes: dict[Plane, None]
    denials: int
    fidelity: Fidelity
    """Whether what this check judged was seen; simulated as soon as a part of it was computed only."""
    cells: list[Cell]

    def ask_network(self, questions: Sequence[Question], manifests: Sequence[Manifest]) -> Sequence[Cell]:
        """Open these connections from the Pods of the scenario, or compute them where there are no nodes.

        Args:
            manifests: the scenario's objects, which are imagined where none may be made.

        Raises:
            Breakdown: a Pod does not run, a probe does not work, or policies are not enforced at all (E00); where Pods
                are imagined, the cluster has policies of kinds that are not read.
        """
        if self.may_submit:
            cells, policies = self.platform.network.ask(questions)
        else:
            cells, policies = self._imagine(questions, manifests)
        self.fidelity = self.platform.network.fidelity
        self.cells += cells
        self.evidence.record("network", "matrix", as_text(cells))
        self.evidence.record("network", "cells", [{k: str(v) for k, v in asdict(cell).items()} for cell in cells])
        self.evidence.record("object", "NetworkPolicies of the cluster", list(policies))
        if not self.may_submit:
            self._refuse_other_policies()
        return cells

    def _imagine(
        self, questions: Sequence[Question], manifests: Sequence[Manifest]
    ) -> tuple[list[Cell], Sequence[Manifest]]:
        tenants = sorted(self.platform.tenants.values())
        found = self.platform.network.imagine(questions, manifests, tenants, self._pod_address())
        said = (
            f"imagined, not made: {', '.join(map(_name, manifests))}\n"
            f"{found.asked} connections with {len(tenants)} tenants computed, {found.unexpected} not as expected; "
            f"{len(found.cells)} in the matrix\n"
            f"selectors that nothing satisfies: {', '.join(found.unsatisfied) or 'none'}\n"
        )
        self.evidence.record("network", "imagined", said)
        return found.cells, found.policies

    def _refuse_other_policies(self) -> None:
        """End a check whose matrix may be wrong in both directions: what was computed is evidence, and no verdict."""
        if groups := other_groups(self.platform.client):
            named = ", ".join(groups)
            raise Breakdown(
                f"computed from NetworkPolicies alone, and this cluster may have others that decide too: {named}",
                hint="see what their policies say of tenants; `matrix` among the evidence is what the rest says",
            )

    @property
    def has_nodes(self) -> bool:
        """Whether Pods are executed here: else nothing listens, and connections are computed."""
        return Capability.NODES in self.platform.cluster.capabilities

    @property
    def may_submit(self) -> bool:
        """Whether objects may be made here: else those of the network's checks are imagined."""
        return Capability.SUBMISSIONS in self.platform.capabilities

    @property
    def has_dns(self) -> bool:
        """Whether the cluster's own DNS server is there to be asked about, as in every cluster that runs Pods.

        Raises:
            Breakdown: an existing cluster has none by the usual name. To imagine one, with the label that the policies
                name, would pass the very policies that name the wrong one.
        """
        if self.may_submit:
            return self.has_nodes
        if self.platform.client.find(_DNS) is None:
            raise Breakdown(
                f"the cluster has no {_DNS}, by which its DNS server is known here",
                hint="compare the labels of its DNS server's Pods with those that the NetworkPolicies name; "
                "-k 'not (E04 or E05 or E12)' leaves these checks out",
            )
        return True

    def outside(self, server: str) -> tuple[str, int]:
        """Return host and port of a server outside of the cluster: the suite's `git` or `registry`, if it has any."""
        if not self.may_submit:
            return _NOBODY, 443
        address = urlsplit(self.platform.git.url).netloc if server == "git" else self.platform.registry.address
        host, _, port = address.partition(":")
        return host, int(port or 80)

    def _pod_address(self) -> str:
        """Return the address of one of Flux's Pods: imagined ones have such addresses too."""
        pods = self.platform.client.objects("v1", "Pod", namespace=self.platform.flux_namespace)
        found = [str(pick(pod, "status", "podIP") or "") for pod in pods if not pick(pod, "spec", "hostNetwork")]
        return next((address for address in found if address), _A_POD)

    def pods_with(self, namespace: str, labels: str) -> Sequence[str]:
        """Return the names of the running Pods with these labels (`key=value`).

        Raises:
            Breakdown: there is none.
        """
        pods = self.platform.client.objects("v1", "Pod", namespace=namespace, labels=labels)
        names = [p["metadata"]["name"] for p in pods if not _has_ended(p)]
        if not names:
            raise Breakdown(f"{namespace} has no Pod with {labels}", hint="see what is installed there, and its labels")
        return names

    def node_addresses(self) -> Sequence[str]:
        """Return addresses of nodes in the cluster's own network; where there are no nodes, one that stands for them.

        Of an existing cluster's nodes those that Flux runs on: its Pods say them, and nodes need not be listed.

        Raises:
            Breakdown: nobody says one.
        """
        if not self.may_submit:
            return self._hosts()
        if not self.has_nodes:
            return [_A_NODE]
        for node in self.platform.client.objects("v1", "Node"):
            for one in pick(node, "status", "addresses") or []:
                if one["type"] == "InternalIP":
                    return [str(one["address"])]
        raise Breakdown("no node of the cluster has an InternalIP", hint="kubectl get nodes -o wide")

    def _hosts(self) -> Sequence[str]:
        flux = self.platform.flux_namespace
        pods = self.platform.client.objects("v1", "Pod", namespace=flux)
        found = sorted({str(host) for pod in pods if (host := pick(pod, "status", "hostIP"))})
        if not found:
            raise Breakdown(
                f"no Pod in {flux} says which node it runs on, so no kubelet's address is known",
                hint=f"kubectl get pods -n {flux} -o wide: is Flux running?",
            )
        return found

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


def _has_ended(pod: Manifest) -> bool:
    """Whether a Pod is on its way out, or over: one that was evicted stays listed, and answers nobody."""
    return bool(pod["metadata"].get("deletionTimestamp")) or pick(pod, "status", "phase") in {"Failed", "Succeeded"}


def _name(manifest: Manifest) -> str:
    return str(Ref.of(manifest))
