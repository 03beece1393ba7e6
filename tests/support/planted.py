"""Objects that tests of audits plant in the cluster that is audited."""

from typing import Any

STRAY = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "stray", "labels": {"toolkit.fluxcd.io/tenant": "stray"}},
}
DNS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "kube-dns", "namespace": "kube-system"},
    "spec": {
        "selector": {"dns": "server"},
        "ports": [{"name": name, "port": 53, "protocol": name.upper()} for name in ("udp", "tcp")],
    },
}
OTHERS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
    "spec": {
        "group": "cilium.io",
        "names": {"kind": "CiliumNetworkPolicy", "plural": "ciliumnetworkpolicies"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


def holes(selector: dict[str, Any]) -> list[dict[str, Any]]:
    """Return policies by which one tenant lets in another that is not the next one in the order of names.

    Args:
        selector: of the Pods of both.
    """
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "hole", "namespace": where},
            "spec": {
                "podSelector": selector,
                "policyTypes": [direction],
                direction.lower(): [{end: [{"namespaceSelector": peer}]}],
            },
        }
        for where, direction, end, peer in (
            ("ops", "Ingress", "from", {"matchLabels": {"kubernetes.io/metadata.name": "shared-a"}}),
            ("shared-a", "Egress", "to", {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}),
        )
    ]


API_SERVER = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "apis", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.96.0.10"]}],
    "ports": [{"name": "https", "port": 6443}],
}
"""Where a cluster with nodes has its API server, and the fleet's policy expects it; listed before the real one."""


def dns_server(label: str) -> dict[str, Any]:
    """A Pod that stands for the DNS server; nothing of it runs here."""
    metadata = {"name": f"dns-{label}", "namespace": "kube-system", "labels": {"k8s-app": label, "dns": "server"}}
    container = {"name": "dns", "image": "dns", "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
