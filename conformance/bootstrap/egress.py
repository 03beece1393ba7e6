"""Lets kustomize-controller reach the suite's Git server where the fleet's policies would stop it.

The attacks on builds (G01 to G08) name bases and files on that server. Where policies are enforced, a fleet that keeps
kustomize-controller from other hosts stops them there, and the flags under test would never be asked. Policies add up,
so one more of the suite's own opens that server and nothing else; E12 judges a Pod that it does not select.
"""

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref
from conformance.model import Capability, Reach
from conformance.network import Flow, NotEnforced

POLICY = "conformance-git-server"
_CONTROLLER = "kustomize-controller"


def admit_git_server(platform: Platform) -> str:
    """Open the Git server to kustomize-controller if live policies keep it from there; return what the report notes.

    Where they do not, nothing is added: a policy would be the first to restrict that controller.
    """
    if Capability.NODES not in platform.cluster.capabilities:
        return ""
    labels = f"app={_CONTROLLER},pod-template-hash"
    pods = platform.client.objects("v1", "Pod", namespace=platform.flux_namespace, labels=labels)
    server = urlsplit(platform.git.url)
    host, port = str(server.hostname), int(server.port or 80)
    flows = [Flow(source=Ref.of(pod), target=host, port=port) for pod in pods]
    if Reach.DENIED not in platform.network.compute(flows):
        return ""
    platform.client.apply(_policy(platform.flux_namespace, host, port))
    with contextlib.suppress(NotEnforced):  # then nothing is closed either, which E00 says
        platform.network.enforcement.prove()
        platform.network.enforcement.catch_up()
    return f"{_CONTROLLER} may reach the suite's Git server ({host}:{port}), by the NetworkPolicy {POLICY} of the suite"


def _policy(namespace: str, host: str, port: int) -> Mapping[str, Any]:
    real = {"key": "pod-template-hash", "operator": "Exists"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": POLICY, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {"app": _CONTROLLER}, "matchExpressions": [real]},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": f"{host}/32"}}], "ports": [{"port": port, "protocol": "TCP"}]}],
        },
    }
