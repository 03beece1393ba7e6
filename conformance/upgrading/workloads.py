"""What the fleet's own tenants run: an upgrade of Flux must neither restart nor replace nor remove any of it."""

from collections.abc import Mapping

from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref, pick

_KINDS = (
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("source.toolkit.fluxcd.io/v1", "HelmRepository"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
)
ABSENT = "absent"


def inventory(platform: Platform) -> dict[str, str]:
    """Return the objects of the fleet's tenants: address -> identity and generation, which a restart changes."""
    found = {}
    for namespace in platform.tenants.values():
        for api_version, kind in _KINDS:
            for one in platform.client.objects(api_version, kind, namespace=namespace):
                metadata = one["metadata"]
                restarts = sum(
                    int(container.get("restartCount", 0))
                    for container in pick(one, "status", "containerStatuses") or []
                )
                said = f"{metadata['uid'][:8]} generation {metadata.get('generation', 1)}"
                found[str(Ref.of(one))] = said + (f" restarts {restarts}" if restarts else "")
    return found


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what is not the same: name -> state before and after."""
    names = sorted({*before, *after})
    pairs = {name: (before.get(name, ABSENT), after.get(name, ABSENT)) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}
