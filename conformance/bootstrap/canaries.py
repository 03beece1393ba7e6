"""One violating object for each policy: tells when a policy has begun, or ceased, to bite (catalogue trap T03)."""

from enum import StrEnum
from typing import Any

from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.kube.wait import eventually
from conformance.model import Manifest


class Canary(StrEnum):
    """Which policy the object violates."""

    SOURCE = "sources"
    BUCKET = "buckets"
    KUBECONFIG = "kubeconfig"
    POD = "pods"


def violates(platform: Platform, canary: Canary, namespace: str) -> bool:
    """Whether a dry-run of the canary in a namespace is refused by a policy now."""
    try:
        platform.client.create(_object(platform, canary, namespace), dry_run=True)
    except ApiError as error:
        return "ValidatingAdmissionPolicy" in error.message or "no params found" in error.message
    return False


def wait_enforced(platform: Platform, canary: Canary, namespace: str, *, enforced: bool = True) -> None:
    """Wait until the policy bites, or no longer does.

    Raises:
        WaitTimeout: it did not change its mind in time.
    """
    eventually(
        lambda: violates(platform, canary, namespace),
        lambda refused: refused is enforced,
        timeout_s=platform.timeouts.policy_enforced,
        what=f"the {canary} policy {'bites' if enforced else 'no longer bites'} in {namespace}",
    )


def _object(platform: Platform, canary: Canary, namespace: str) -> Manifest:
    metadata = {"name": "conformance-canary", "namespace": namespace}
    source = "source.toolkit.fluxcd.io/v1"
    if canary is Canary.SOURCE:
        return _typed(source, "GitRepository", metadata, {"interval": "1h", "url": f"{platform.evil_git_url}/canary"})
    if canary is Canary.BUCKET:
        bucket = {"interval": "1h", "bucketName": "canary", "endpoint": "canary.invalid"}
        return _typed(source, "Bucket", metadata, bucket)
    if canary is Canary.KUBECONFIG:
        spec: dict[str, Any] = {
            "interval": "1h",
            "prune": False,
            "sourceRef": {"kind": "GitRepository", "name": "canary"},
            "kubeConfig": {"secretRef": {"name": "canary"}},
        }
        return _typed("kustomize.toolkit.fluxcd.io/v1", "Kustomization", metadata, spec)
    return _typed("v1", "Pod", metadata, _pod(platform.service_account))


def _typed(api_version: str, kind: str, metadata: Manifest, spec: Manifest) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _pod(account: str) -> dict[str, Any]:
    secure = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "canary", "image": "registry.k8s.io/pause:3.10.2", "securityContext": secure}
    return {"serviceAccountName": account, "containers": [container]}
