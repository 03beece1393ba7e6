"""Names the NetworkPolicies that decide about a connection, so that a difference can be looked up."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.kube.client import KubeClient
from conformance.kube.objects import pick
from conformance.model import Manifest
from conformance.network.flows import Peer, Resolved

_OTHERS = frozenset(
    {"cilium.io", "crd.antrea.io", "crd.projectcalico.org", "policy.networking.k8s.io", "projectcalico.org"}
)
"""API groups with policies that decide about connections too: of Cilium, Antrea and Calico, and SIG Network's own."""


def live_policies(client: KubeClient) -> list[dict[str, Any]]:
    """Return every NetworkPolicy of the cluster, reduced to name, namespace and spec."""
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {key: item["metadata"][key] for key in ("name", "namespace")},
            "spec": item["spec"],
        }
        for item in client.objects("networking.k8s.io/v1", "NetworkPolicy")
    ]


def other_groups(client: KubeClient) -> Sequence[str]:
    """Return the API groups of this server whose policies nobody reads here: the network may decide by them too."""
    return sorted(_OTHERS & client.groups())


def deciding(policies: Sequence[Manifest], resolved: Resolved) -> str:
    """Return, by direction, the policies that select an end of the connection; one that none selects is open."""
    out = _selecting(policies, resolved.source, "Egress")
    into = _selecting(policies, resolved.target, "Ingress")
    return f"egress: {out}; ingress: {into}"


def _selecting(policies: Sequence[Manifest], peer: Peer, direction: str) -> str:
    names = [
        f"{peer.namespace}/{policy['metadata']['name']}"
        for policy in policies
        if policy["metadata"]["namespace"] == peer.namespace
        and direction in policy["spec"].get("policyTypes", [])
        and selects(policy["spec"].get("podSelector") or {}, peer.labels)
    ]
    return ", ".join(sorted(names)) or ("no policy" if peer.namespace else "outside of policies")


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; the empty one matches everything."""
    exact = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(_holds(term, labels) for term in selector.get("matchExpressions") or [])


def _holds(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    here, values = term["key"] in labels, pick(term, "values") or []
    return bool(
        {
            "In": here and labels.get(term["key"]) in values,
            "NotIn": not here or labels[term["key"]] not in values,
            "Exists": here,
            "DoesNotExist": not here,
        }[term["operator"]]
    )
