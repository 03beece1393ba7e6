"""The Pod that probes and answers: agnhost, which Kubernetes' own network tests are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.errors import Breakdown
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, pick
from conformance.kube.wait import object_until
from conformance.model import Manifest

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""As Kubernetes v1.36.3 names it (test/utils/image/manifest.go); the Pods of the checks have the same."""
PORT = 8080


class NotReady(Breakdown):
    """A Pod of the network section did not come up in its time."""


def pod(name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return a Pod that listens on `PORT`, opens connections on request, and holds to the restricted profile."""
    container = {
        "name": "agnhost",
        "image": IMAGE,
        "args": ["netexec", f"--http-port={PORT}"],
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }


def wait_ready(client: KubeClient, pods: Sequence[Ref], timeout_s: float) -> None:
    """Wait until each Pod is Ready and has an address.

    Raises:
        NotReady: one is not within `timeout_s`; with what its containers wait for.
    """
    for ref in dict.fromkeys(pods):
        state, ready = object_until(client, ref, _is_ready, timeout_s=timeout_s)
        if not ready:
            raise NotReady(
                f"{ref} was not Ready within {timeout_s:g} s: {_why(state)}", hint="kubectl describe says more"
            )


def _is_ready(state: Manifest | None) -> bool:
    conditions = pick(state, "status", "conditions") or []
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and bool(pick(state, "status", "podIP"))


def _why(state: Manifest | None) -> str:
    if state is None:
        return "it is not there"
    waiting = [pick(one, "state", "waiting") for one in pick(state, "status", "containerStatuses") or []]
    said = "; ".join(f"{one.get('reason')}: {one.get('message', '')}" for one in waiting if one)
    return said or f"phase {pick(state, 'status', 'phase')}"
