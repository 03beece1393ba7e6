"""Takes a kept cluster anew: Flux and all that came with it goes, what the cluster had at its creation stays."""

import json
from collections.abc import Sequence
from pathlib import Path

from conformance.errors import ProcessError, ProviderError
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.process import run
from conformance.providers.arguments import OPERATOR
from conformance.settings import environment

_CLUSTER_KINDS = (
    # In this order: a policy would refuse what comes after it.
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("v1", "Namespace"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("v1", "PersistentVolume"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "StorageClass"),
)
_NEVER_NONE = ("PriorityClass", "StorageClass")
"""Every new cluster has some. A baseline without any is of an earlier version, which did not write them down."""
_NAMESPACED_KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)
_LASTING = ("default", "kube-system")
"""Namespaces that stay; what checks made in them goes. Pods of kube-system come and go by themselves."""
_OPERATOR = Ref("apps/v1", "Deployment", OPERATOR, "flux-system")
_UNINSTALL_S = 120.0
_GONE_S = 120.0


def remember(client: KubeClient, file: Path) -> None:
    """Write down what a new cluster has."""
    file.write_text(json.dumps(sorted(map(str, _present(client)))))


def wipe(client: KubeClient, file: Path, *, flux: Path, kubeconfig: Path) -> None:
    """Remove everything that the cluster did not have at its creation.

    Raises:
        ProviderError: something does not go.
    """
    try:
        known = frozenset(json.loads(file.read_text()))
        _end_operator(client)
        _uninstall(flux, kubeconfig)
    except (OSError, ValueError, ProcessError) as error:
        raise ProviderError(
            f"the kept cluster cannot be made as new: {error}", hint="end it, and start without --flux-reuse"
        ) from error
    unknown = [kind for kind in _NEVER_NONE if not any(name.startswith(f"{kind}/") for name in known)]
    extra = [ref for ref in _present(client) if str(ref) not in known and ref.kind not in unknown]
    for ref in extra:
        client.delete_if_exists(ref)
    for ref in extra:
        _, gone = object_until(client, ref, lambda state: state is None, timeout_s=_GONE_S)
        if not gone:
            raise ProviderError(f"{ref} of the kept cluster does not go", hint="end it, and start without --flux-reuse")


def _end_operator(client: KubeClient) -> None:
    """End the Flux Operator, and take away what bears its finalizer: nobody else would take that off."""
    client.delete_if_exists(_OPERATOR)
    eventually(
        lambda: client.objects("v1", "Pod", namespace=_OPERATOR.namespace, labels=f"app.kubernetes.io/name={OPERATOR}"),
        lambda pods: not pods,
        timeout_s=_GONE_S,
        what=f"the Pods of {OPERATOR} are gone",
    )
    for kind in ("FluxInstance", "ResourceSet", "ResourceSetInputProvider"):
        if client.find(ref_to(f"CustomResourceDefinition/{kind.lower()}s.fluxcd.controlplane.io")) is None:
            continue
        for item in client.objects(ref_to(f"{kind}/any").api_version, kind):
            client.patch(Ref.of(item), {"metadata": {"finalizers": None}})
            client.delete_if_exists(Ref.of(item))


def _uninstall(flux: Path, kubeconfig: Path) -> None:
    """Take Flux away with its own command, which also takes the finalizers off its objects."""
    env = {"PATH": environment()["PATH"], "HOME": str(kubeconfig.parent)}
    run([flux, "uninstall", "--silent", f"--kubeconfig={kubeconfig}"], timeout_s=_UNINSTALL_S, env=env)


def _present(client: KubeClient) -> Sequence[Ref]:
    found = [
        Ref.of(item)
        for api_version, kind in _CLUSTER_KINDS
        for item in client.objects(api_version, kind)
        if not item["metadata"]["name"].startswith("system:")
    ]
    for namespace in _LASTING:
        for api_version, kind in _NAMESPACED_KINDS:
            if (namespace, kind) != ("kube-system", "Pod"):
                found += [Ref.of(item) for item in client.objects(api_version, kind, namespace=namespace)]
    return found
