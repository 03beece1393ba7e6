"""What the Kind provider adds to a new cluster, and what it reads of it."""

from typing import Any

import yaml

from conformance.errors import Breakdown, ProviderError, WaitTimeout
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.kube.wait import eventually, object_until
from conformance.model import Manifest
from conformance.providers.kind_plan import kind_data

GATEWAY_NAMESPACE = "conformance-gateway"
GATEWAY_NAME = f"gateway.{GATEWAY_NAMESPACE}.svc.cluster.local"


def add_kube_router(client: KubeClient) -> None:
    """Let kube-router enforce NetworkPolicies."""
    for manifest in yaml.safe_load_all((kind_data() / "kube-router.yaml").read_text()):
        client.apply(manifest)


def wait_answers(client: KubeClient, *, timeout_s: float) -> None:
    """Wait until the API server of a kept cluster answers: its node may have been started a moment ago.

    Raises:
        ProviderError: it does not; with what was said last.
    """

    def refused() -> str:
        try:
            client.objects("v1", "Namespace")
        except Breakdown as error:
            return str(error)
        return ""

    what = "the kept cluster's API server answers"
    try:
        eventually(refused, lambda said: not said, timeout_s=timeout_s, what=what, interval_s=0.5)
    except WaitTimeout as error:
        raise ProviderError(
            str(error.what), hint="see `docker logs` of its node; or end it, and start without --flux-reuse"
        ) from error


def wait_schedulable(client: KubeClient, node: str, *, timeout_s: float) -> None:
    """Wait until Pods are admitted and the node takes them.

    Raises:
        ProviderError: the node did not become Ready.
        WaitTimeout: kube-controller-manager is not at work.
    """
    state, ready = object_until(client, Ref("v1", "Node", node), _is_ready, timeout_s=timeout_s)
    if not ready:
        raise ProviderError(
            f"the node did not become Ready: {pick(state, 'status', 'conditions')}",
            hint="its own logs are in the report, below logs; `docker info` says what the engine can do",
        )
    eventually(
        lambda: client.find(Ref("v1", "ServiceAccount", "default", "default")),
        lambda account: account is not None,
        timeout_s=timeout_s,
        what="kube-controller-manager made the ServiceAccount default/default",
    )


def wait_policies(client: KubeClient, engine: str, *, timeout_s: float) -> None:
    """Wait until the policy engine runs on the node: without it nothing could be said of the fleet's policies.

    Args:
        engine: name of its DaemonSet in kube-system.

    Raises:
        ProviderError: it does not run in time; names its image.
    """
    state, ready = object_until(
        client, Ref("apps/v1", "DaemonSet", engine, "kube-system"), _has_pod, timeout_s=timeout_s
    )
    if not ready:
        image = pick(state, "spec", "template", "spec", "containers", 0, "image")
        raise ProviderError(
            f"{engine}, which enforces NetworkPolicies here, does not run: its image is {image or 'unknown'}",
            hint="let the node reach the image's registry, or have the image in the local engine",
        )


def name_gateway(client: KubeClient, address: str) -> None:
    """Give the gateway a name in the cluster's DNS: a headless Service with an endpoint that no Pod is."""
    metadata = {"name": "gateway", "namespace": GATEWAY_NAMESPACE}
    port = {"name": "any", "port": 80, "protocol": "TCP"}
    made: tuple[dict[str, Any], ...] = (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"clusterIP": "None", "ports": [port]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "gateway"}},
            "addressType": "IPv4",
            "ports": [port],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        },
    )
    for manifest in made:
        client.apply(manifest)


def not_pulled(client: KubeClient) -> list[str]:
    """Return the images that Pods wait for in vain; none when the API server does not answer."""
    try:
        pods = client.objects("v1", "Pod")
    except Breakdown:
        return []
    of = ("initContainerStatuses", "containerStatuses")
    states = [state for pod in pods for which in of for state in pick(pod, "status", which) or []]
    waiting = {state["image"] for state in states if "Pull" in (pick(state, "state", "waiting", "reason") or "")}
    return sorted(waiting)


def _has_pod(daemon_set: Manifest | None) -> bool:
    return int(pick(daemon_set, "status", "numberReady") or 0) > 0


def _is_ready(node: Manifest | None) -> bool:
    conditions = pick(node, "status", "conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
