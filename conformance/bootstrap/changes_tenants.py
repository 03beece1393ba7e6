"""Reversible changes to tenants' rights, namespaces and syncs, and to the platform's Kustomizations."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import consistently, eventually, object_until
from conformance.model import Manifest

_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1"
_IDLE_S = 1.0
"""A reconciliation says that it has begun well within this time after it took its object from the queue."""
_RBAC = "rbac.authorization.k8s.io/v1"


def _accounts(platform: Platform, namespaces: Sequence[str]) -> list[dict[str, str]]:
    name = platform.service_account
    return [{"kind": "ServiceAccount", "name": name, "namespace": namespace} for namespace in namespaces]


def _role_binding(kind: str, name: str, subjects: Sequence[Mapping[str, str]], namespace: str = "") -> dict[str, Any]:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": _RBAC, "kind": kind, "metadata": metadata, "roleRef": role, "subjects": list(subjects)}


@contextlib.contextmanager
def cluster_admin_everywhere(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Bind the tenants' accounts to cluster-admin for the whole cluster."""
    binding = _role_binding("ClusterRoleBinding", "conformance-m04", _accounts(platform, namespaces))
    with _created(platform, binding):
        _until_tenant_may_list(platform, namespaces, "", may=True)
        yield
    _until_tenant_may_list(platform, namespaces, "", may=False)


@contextlib.contextmanager
def cluster_admin_in_namespaces(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Bind each tenant's account to cluster-admin in its own namespace."""
    with contextlib.ExitStack() as stack:
        for namespace in namespaces:
            accounts = _accounts(platform, [namespace])
            stack.enter_context(
                _created(platform, _role_binding("RoleBinding", "conformance-m14", accounts, namespace))
            )
        yield


def namespace_guard_audits(platform: Platform, guard: str, namespace: str) -> contextlib.AbstractContextManager[None]:
    """Let the namespace guard audit without denying, as a tenant with all rights in its namespace sees it."""
    label = platform.fleet.profile.tenant_label

    def change(spec: dict[str, Any]) -> None:
        spec["validationActions"] = ["Audit"]

    def strips() -> bool:
        try:
            body = {"metadata": {"labels": {label: None}}}
            platform.as_tenant(namespace, "mutant").patch(ref_to(f"Namespace/{namespace}"), body, dry_run=True)
        except ApiError:
            return False
        return True

    def in_force(mutated: bool) -> None:
        eventually(
            strips,
            lambda stripped: stripped is mutated,
            timeout_s=platform.timeouts.policy_enforced,
            what=f"{guard} {'lets' if mutated else 'no longer lets'} a tenant strip its namespace",
        )

    return patched(platform, ref_to(f"ValidatingAdmissionPolicyBinding/{guard}"), change, in_force=in_force)


def _until_tenant_may_list(platform: Platform, namespaces: Sequence[str], where: str, *, may: bool) -> None:
    def allowed() -> bool:
        try:
            platform.as_tenant(namespaces[0], "mutant").objects("v1", "Namespace", namespace=where)
        except ApiError:
            return False
        return True

    eventually(
        allowed,
        lambda answer: answer is may,
        timeout_s=platform.timeouts.policy_enforced,
        what=f"the tenant {'may' if may else 'may no longer'} list namespaces",
    )


@contextlib.contextmanager
def _created(platform: Platform, manifest: Manifest) -> Iterator[None]:
    platform.client.apply(manifest)
    try:
        yield
    finally:
        platform.client.delete_if_exists(Ref.of(manifest))


@contextlib.contextmanager
def without_pod_security(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Take the Pod Security labels off tenant namespaces."""
    saved: dict[str, dict[str, str]] = {}
    for namespace in namespaces:
        labels = pick(platform.client.get(ref_to(f"Namespace/{namespace}")), "metadata", "labels")
        saved[namespace] = {k: v for k, v in labels.items() if k.startswith("pod-security.kubernetes.io/")}
    try:
        for namespace, labels in saved.items():
            _label(platform, namespace, dict.fromkeys(labels))
        yield
    finally:
        for namespace, labels in saved.items():
            _label(platform, namespace, labels)


def _label(platform: Platform, namespace: str, labels: Mapping[str, str | None]) -> None:
    platform.client.patch(ref_to(f"Namespace/{namespace}"), {"metadata": {"labels": labels}})


@contextlib.contextmanager
def without_objects(platform: Platform, namespaces: Sequence[str], kind: str) -> Iterator[None]:
    """Delete every object of a kind in tenant namespaces, and make them again."""
    version = ref_to(f"{kind}/any").api_version
    saved = [o for namespace in namespaces for o in platform.client.objects(version, kind, namespace=namespace)]
    for item in saved:
        platform.client.delete(Ref.of(item))
    try:
        yield
    finally:
        for item in saved:
            platform.client.apply(bare(item), manager="kustomize-controller")


def bare(item: Manifest) -> dict[str, Any]:
    """Return an object without what the API server adds, so that it can be applied anew."""
    metadata = {k: v for k, v in item["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    return {**{k: v for k, v in item.items() if k != "status"}, "metadata": metadata}


@contextlib.contextmanager
def without_role_bindings(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Delete the RoleBindings of tenants, and let their Kustomizations notice."""
    with without_objects(platform, namespaces, "RoleBinding"):
        # The API server's own view of bindings lags: a sync that came before it would stay Ready for its interval.
        _until_tenants_may_read(platform, namespaces, may=False)
        _resync(platform, namespaces, ready="False")
        yield
    _until_tenants_may_read(platform, namespaces, may=True)
    _resync(platform, namespaces, ready="True")


def _until_tenants_may_read(platform: Platform, namespaces: Sequence[str], *, may: bool) -> None:
    def allowed(namespace: str) -> bool:
        try:
            platform.as_tenant(namespace, "mutant").objects("v1", "ConfigMap", namespace=namespace)
        except ApiError:
            return False
        return True

    for namespace in namespaces:
        eventually(
            partial(allowed, namespace),
            lambda answer: answer is may,
            timeout_s=platform.timeouts.policy_enforced,
            what=f"the tenant {'may' if may else 'may no longer'} read {namespace}",
        )


def _resync(platform: Platform, namespaces: Sequence[str], *, ready: str) -> None:
    for item in _syncs(platform, namespaces):
        ref = Ref.of(item)
        stamp = f"mutant-{platform.client.get(ref)['metadata']['resourceVersion']}"
        platform.client.patch(ref, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": stamp}}})
        _, done = object_until(
            platform.client, ref, lambda s: _ready(s) == ready, timeout_s=platform.timeouts.mutant_in_force
        )
        if not done:
            raise BootstrapError(f"{ref} did not turn Ready={ready}")


def _ready(state: Manifest | None) -> str | None:
    found = [c["status"] for c in pick(state, "status", "conditions") or [] if c["type"] == "Ready"]
    return found[0] if found else None


def _syncs(platform: Platform, namespaces: Sequence[str]) -> list[Manifest]:
    """Return the Kustomizations that the platform made in tenant namespaces, not those of scenarios."""
    label = platform.writer.applier.owner_label
    return [
        item
        for namespace in namespaces
        for item in platform.client.objects(_KUSTOMIZATION, "Kustomization", namespace=namespace, labels=label)
    ]


@contextlib.contextmanager
def tenant_syncs(platform: Platform, namespaces: Sequence[str], spec: Mapping[str, Any]) -> Iterator[None]:
    """Change the spec of the tenants' own Kustomizations."""
    with contextlib.ExitStack() as stack:
        for item in _syncs(platform, namespaces):
            stack.enter_context(patched(platform, Ref.of(item), _merger(spec)))
        yield


def platform_kustomization(
    platform: Platform, name: str, spec: Mapping[str, Any]
) -> contextlib.AbstractContextManager[None]:
    """Change the spec of one of the platform's Kustomizations; None takes a field away."""
    return patched(platform, ref_to(f"Kustomization/{name}", platform.flux_namespace), _merger(spec))


def _merger(spec: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(current: dict[str, Any]) -> None:
        for key, value in spec.items():
            if value is None:
                current.pop(key, None)
            else:
                current[key] = value

    return change


@contextlib.contextmanager
def open_git_server(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Let the git server serve everything to everybody."""
    del namespaces
    with platform.git.open_to_all():
        yield


@contextlib.contextmanager
def platform_suspended(platform: Platform) -> Iterator[None]:
    """Suspend every Kustomization of the platform, and wait until what was under way is over.

    A reconciliation that began before would repair the first mutant behind its back.
    """
    items = platform.client.objects(_KUSTOMIZATION, "Kustomization", namespace=platform.flux_namespace)
    with contextlib.ExitStack() as stack:
        for item in items:
            stack.enter_context(patched(platform, Ref.of(item), _merger({"suspend": True})))
        while consistently(lambda: _busy(platform), lambda names: not names, for_s=_IDLE_S):
            eventually(
                lambda: _busy(platform),
                lambda names: not names,
                timeout_s=platform.timeouts.fleet_ready,
                what="the platform's Kustomizations are at rest",
            )
        yield


def _busy(platform: Platform) -> list[str]:
    """Return the names of the platform's Kustomizations that are being reconciled."""
    items = platform.client.objects(_KUSTOMIZATION, "Kustomization", namespace=platform.flux_namespace)
    return [
        item["metadata"]["name"]
        for item in items
        for condition in pick(item, "status", "conditions") or []
        # ProgressingWithRetry is a state between two attempts.
        if (condition["type"], condition["status"], condition["reason"]) == ("Reconciling", "True", "Progressing")
    ]
