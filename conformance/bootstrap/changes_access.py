"""Reversible changes to who may do what: bindings that should not be, and roles that should."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import eventually
from conformance.model import Manifest

_RBAC = "rbac.authorization.k8s.io/v1"
_GROUP = "rbac.authorization.k8s.io"
_AGGREGATE = f"{_GROUP}/aggregate-to-"
_NAME = "conformance-mutant"


@contextlib.contextmanager
def granted(platform: Platform, manifests: Sequence[Manifest], allowed: Callable[[], bool]) -> Iterator[None]:
    """Create objects that grant something; in force when `allowed`, gone when no more."""
    try:
        for manifest in manifests:
            platform.client.apply(manifest)
        _until(platform, allowed, may=True)
        yield
    finally:
        for manifest in manifests:
            platform.client.delete_if_exists(Ref.of(manifest))
    _until(platform, allowed, may=False)


def _until(platform: Platform, allowed: Callable[[], bool], *, may: bool) -> None:
    eventually(
        allowed,
        lambda answer: answer is may,
        timeout_s=platform.timeouts.policy_enforced,
        what=f"the right {'is there' if may else 'is gone'}",
    )


def _goes_through(request: Callable[[], Any]) -> bool:
    try:
        request()
    except ApiError:
        return False
    return True


def _role(rules: Sequence[Mapping[str, Any]]) -> Manifest:
    return {"apiVersion": _RBAC, "kind": "ClusterRole", "metadata": {"name": _NAME}, "rules": list(rules)}


def _bound(role: str, subjects: Sequence[Mapping[str, str]], namespace: str = "") -> Manifest:
    return {
        "apiVersion": _RBAC,
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": _NAME, "namespace": namespace} if namespace else {"name": _NAME},
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": role},
        "subjects": list(subjects),
    }


def _account(platform: Platform, namespace: str) -> Mapping[str, str]:
    return {"kind": "ServiceAccount", "name": platform.service_account, "namespace": namespace}


def cluster_admin_in_own_namespace(
    platform: Platform, namespaces: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Bind each tenant's account to cluster-admin in its own namespace, as `flux create tenant` does by default."""
    bindings = [_bound("cluster-admin", [_account(platform, n)], n) for n in namespaces]
    role = {"apiVersion": _RBAC, "kind": "Role", "metadata": {"name": _NAME, "namespace": namespaces[-1]}, "rules": []}
    tenant = platform.as_tenant(namespaces[-1], "mutant")
    return granted(platform, bindings, lambda: _goes_through(lambda: tenant.create(role, dry_run=True)))


def impersonators(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let tenants impersonate users, groups and accounts."""
    rule = {"apiGroups": [""], "resources": ["users", "groups", "serviceaccounts"], "verbs": ["impersonate"]}
    binding = _bound(_NAME, [_account(platform, namespace) for namespace in namespaces])
    other = platform.as_tenant(namespaces[0], "mutant").impersonating("admin", group="system:masters")
    allowed = lambda: _goes_through(lambda: other.objects("v1", "Namespace"))  # noqa: E731
    return granted(platform, [_role([rule]), binding], allowed)


@contextlib.contextmanager
def unaggregated(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Take the labels off Flux's ClusterRoles by which Kubernetes' own roles include them."""
    del namespaces
    roles = [one for one in platform.client.objects(_RBAC, "ClusterRole") if _is_fluxs(one)]
    saved = {Ref.of(one): dict(one["metadata"]["labels"]) for one in roles}
    try:
        for ref, labels in saved.items():
            _label(platform, ref, {key: None for key in labels if key.startswith(_AGGREGATE)})
        _until(platform, lambda: _view_knows_flux(platform), may=False)
        yield
    finally:
        for ref, labels in saved.items():
            _label(platform, ref, labels)
    _until(platform, lambda: _view_knows_flux(platform), may=True)


def _is_fluxs(role: Manifest) -> bool:
    labels = role["metadata"].get("labels") or {}
    return role["metadata"]["name"].startswith("flux-") and any(key.startswith(_AGGREGATE) for key in labels)


def _label(platform: Platform, ref: Ref, labels: Mapping[str, str | None]) -> None:
    platform.client.patch(ref, {"metadata": {"labels": labels}})


def _view_knows_flux(platform: Platform) -> bool:
    roles = [platform.client.get(ref_to(f"ClusterRole/{name}")) for name in ("view", "edit")]
    groups = [{group for rule in role["rules"] for group in rule.get("apiGroups", [])} for role in roles]
    return all(any(group.endswith("toolkit.fluxcd.io") for group in found) for found in groups)


def everybody_reads(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let every user that logged in list every ConfigMap."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    binding = _bound(_NAME, [{"apiGroup": _GROUP, "kind": "Group", "name": "system:authenticated"}])
    other = platform.client.impersonating("mutant")
    allowed = lambda: _goes_through(lambda: other.objects("v1", "ConfigMap", namespace=namespaces[0]))  # noqa: E731
    return granted(platform, [_role([rule]), binding], allowed)


def users_everywhere(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Bind the users that tenants' RoleBindings name for the whole cluster."""
    users = [f"gotk:{namespace}:reconciler" for namespace in namespaces]
    binding = _bound("edit", [{"apiGroup": _GROUP, "kind": "User", "name": user} for user in users])
    other = platform.client.impersonating(users[0])
    return granted(platform, [binding], lambda: _goes_through(lambda: other.objects("v1", "ConfigMap")))


def accounts_everywhere(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let every account of the tenants' namespaces list the releases of all tenants."""
    rule = {"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["helmreleases"], "verbs": ["list"]}
    groups = [f"system:serviceaccounts:{namespace}" for namespace in namespaces]
    binding = _bound(_NAME, [{"apiGroup": _GROUP, "kind": "Group", "name": group} for group in groups])
    tenant = platform.as_tenant(namespaces[0], "mutant")
    allowed = lambda: _goes_through(lambda: tenant.objects("helm.toolkit.fluxcd.io/v2", "HelmRelease"))  # noqa: E731
    return granted(platform, [_role([rule]), binding], allowed)


def bound_in_foreign_namespace(
    platform: Platform, namespaces: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Bind the first tenant's account in the last one's namespace, to a role that grants one harmless kind."""
    tenant = platform.as_tenant(namespaces[0], "mutant")
    return _lists_leases(platform, _account(platform, namespaces[0]), namespaces[-1], tenant)


def group_bound_in_foreign_namespace(
    platform: Platform, namespaces: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Bind the group of all service accounts in the last tenant's namespace: its own are among them."""
    everybody = {"apiGroup": _GROUP, "kind": "Group", "name": "system:serviceaccounts"}
    return _lists_leases(platform, everybody, namespaces[-1], platform.as_tenant(namespaces[0], "mutant"))


def user_bound_in_foreign_namespace(
    platform: Platform, namespaces: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Bind the first tenant's account `default` in the last one's namespace, by the name that it has as a user."""
    name = f"system:serviceaccount:{namespaces[0]}:default"
    user = {"apiGroup": _GROUP, "kind": "User", "name": name}
    return _lists_leases(platform, user, namespaces[-1], platform.client.impersonating(name))


def bound_elsewhere(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Bind the first tenant's account in a namespace of Kubernetes that no check names."""
    tenant = platform.as_tenant(namespaces[0], "mutant")
    return _lists_leases(platform, _account(platform, namespaces[0]), "kube-public", tenant)


@contextlib.contextmanager
def bound_by_stock(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Add the first tenant's account to a binding of Kubernetes' own that lists Services and little else."""
    ref = ref_to("ClusterRoleBinding/system:kube-dns")
    subjects = platform.client.get(ref).get("subjects") or []
    tenant = platform.as_tenant(namespaces[0], "mutant")
    allowed = lambda: _goes_through(lambda: tenant.objects("v1", "Service"))  # noqa: E731
    platform.client.patch(ref, {"subjects": [*subjects, _account(platform, namespaces[0])]})
    try:
        _until(platform, allowed, may=True)
        yield
    finally:
        platform.client.patch(ref, {"subjects": subjects})
    _until(platform, allowed, may=False)


def _lists_leases(
    platform: Platform, subject: Mapping[str, str], namespace: str, client: KubeClient
) -> contextlib.AbstractContextManager[None]:
    """Bind a subject to a role that grants one harmless kind, which the client then sees."""
    rule = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]}
    allowed = lambda: _goes_through(  # noqa: E731
        lambda: client.objects("coordination.k8s.io/v1", "Lease", namespace=namespace)
    )
    return granted(platform, [_role([rule]), _bound(_NAME, [subject], namespace)], allowed)


def instances_granted(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let the first tenant's account write FluxInstances in its own namespace."""
    rule = {"apiGroups": ["fluxcd.controlplane.io"], "resources": ["fluxinstances"], "verbs": ["list", "create"]}
    binding = _bound(_NAME, [_account(platform, namespaces[0])], namespaces[0])
    tenant = platform.as_tenant(namespaces[0], "mutant")
    allowed = lambda: _goes_through(  # noqa: E731
        lambda: tenant.objects("fluxcd.controlplane.io/v1", "FluxInstance", namespace=namespaces[0])
    )
    return granted(platform, [_role([rule]), binding], allowed)


@contextlib.contextmanager
def quotas_of_nothing(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Let the tenants' quotas admit no Pods at all."""

    def change(spec: dict[str, Any]) -> None:
        spec["hard"] = {**spec["hard"], "pods": "0"}

    with contextlib.ExitStack() as stack:
        for namespace in namespaces:
            for quota in platform.client.objects("v1", "ResourceQuota", namespace=namespace):
                ref = Ref.of(quota)
                stack.enter_context(patched(platform, ref, change, in_force=_taken_over(platform, ref)))
        yield


def _taken_over(platform: Platform, quota: Ref) -> Callable[[bool], None]:
    """Return a wait until the quota's status has the limits of its spec: admission reads the status."""

    def same() -> bool:
        live = platform.client.get(quota)
        return bool(live["spec"]["hard"] == live.get("status", {}).get("hard"))

    def wait(_: bool) -> None:
        eventually(same, bool, timeout_s=platform.timeouts.policy_enforced, what=f"{quota} is taken over")

    return wait
