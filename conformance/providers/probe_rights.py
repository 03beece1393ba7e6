"""The rights that a probe takes beside those of an audit, each asked for before anything is made.

Without one by which it makes its ground and takes it away again it does not begin. Without one that checks alone use,
to read or for a dry-run of the platform's, those checks are not judged.

`fixtures/existing/probe.yaml` grants them all, and a unit test holds the two together. A dry-run takes the right to do
the real thing: that nothing lasts is the client's doing (kube/probing.py), not RBAC's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.kube.lacking import right
from conformance.kube.objects import pick
from conformance.kube.probing import INERT, LEASE_NAME, LEASE_NAMESPACE, MakingClient
from conformance.model import Manifest
from conformance.providers.throwaway import Plan

_RBAC = "rbac.authorization.k8s.io"
_SOURCE, _IMAGE = "source.toolkit.fluxcd.io", "image.toolkit.fluxcd.io"
_KUSTOMIZE, _HELM = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
_GROUP_OF = {"rolebindings": _RBAC, "roles": _RBAC, "networkpolicies": "networking.k8s.io"}
BOUND_BY_CHECKS = ("view", "edit", "admin", "c15-role")
"""ClusterRoles that scenarios bind: who creates a binding holds the role's rights, or the verb `bind` on it."""
_TRIED: dict[str, Sequence[str]] = {
    "": ("pods",),
    _RBAC: ("clusterroles", "clusterrolebindings"),
    _SOURCE: ("gitrepositories", "helmrepositories", "ocirepositories", "helmcharts", "buckets", "externalartifacts"),
    _IMAGE: ("imagerepositories", "imagepolicies", "imageupdateautomations"),
    _KUSTOMIZE: ("kustomizations",),
    _HELM: ("helmreleases",),
}
"""Group -> what the platform admin submits as a dry-run: the allowed path of some check."""
_READ: Mapping[str, Sequence[str]] = {
    "serviceaccounts": ("get", "list", "watch"),
    "resourcequotas": ("list",),
}
"""What the suite reads in the throw-away namespaces."""
_READ_BY_CHECKS: Mapping[str, Sequence[str]] = {"configmaps": ("get", "list", "watch"), "limitranges": ("list",)}
"""What checks read there; all else an audit may read anyway."""
_ASKED_AS = "shared-a"
"""The tenant as whose users requests are made."""
_CHANGED = {"apps": "deployments", _KUSTOMIZE: "kustomizations", _SOURCE: "gitrepositories", "": "configmaps"}
"""Group -> what the admin patches as a dry-run in the namespace of Flux (C17, B41)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One question to the API server; an empty namespace is the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return right(self.verb, self.group, self.resource, namespace=self.namespace, name=self.name)


def wanted(flux: str, plan: Plan) -> Sequence[Right]:
    """Return every right; `flux` is the namespace of Flux."""
    return list(dict.fromkeys([*_of_the_lease(), *_of_the_ground(plan), *_of_checks(flux, plan)]))


def missing_rights(client: MakingClient, plan: Plan) -> Sequence[str]:
    """Return the rights, in words, without which the ground could not be made, or not be taken away again."""
    return _refused(client, [*_of_the_lease(), *_of_the_ground(plan)])


def missing_of_checks(client: MakingClient, flux: str, plan: Plan) -> Sequence[str]:
    """Return the rights, in words, without which the checks that use them are not judged."""
    return _refused(client, _of_checks(flux, plan))


def _refused(client: MakingClient, rights: Iterable[Right]) -> Sequence[str]:
    return [
        str(one)
        for one in dict.fromkeys(rights)
        if not client.may(one.verb, one.group, one.resource, namespace=one.namespace, name=one.name)
    ]


def _of_the_lease() -> Iterator[Right]:
    group = "coordination.k8s.io"
    yield Right(verb="create", group=group, resource="leases", namespace=LEASE_NAMESPACE)
    for verb in ("get", "patch", "delete"):
        yield Right(verb=verb, group=group, resource="leases", namespace=LEASE_NAMESPACE, name=LEASE_NAME)


def _of_the_ground(plan: Plan) -> Iterator[Right]:
    yield Right(verb="list", group="apiregistration.k8s.io", resource="apiservices")
    for verb in ("create", "get", "list", "watch", "patch", "delete"):
        yield Right(verb=verb, group="", resource="namespaces")
    yield Right(verb="get", group=_RBAC, resource="clusterroles")  # whether a new binding of one is heeded
    for resource, verbs in _READ.items():
        for verb in verbs:
            yield Right(verb=verb, group="", resource=resource)
    for resource in INERT.values():
        for verb in ("create", "patch"):
            yield Right(verb=verb, group=_GROUP_OF.get(resource, ""), resource=resource)
    yield Right(verb="create", group="", resource="serviceaccounts/token")
    bound = {(pick(one, "roleRef", "kind"), pick(one, "roleRef", "name")) for one in _bindings(plan)}
    for kind, role in sorted(bound | {("ClusterRole", name) for name in BOUND_BY_CHECKS}):
        yield Right(verb="bind", group=_RBAC, resource="clusterroles" if kind == "ClusterRole" else "roles", name=role)


def _bindings(plan: Plan) -> Iterator[Manifest]:
    yield from (one for objects in plan.tenants.values() for one in objects if one["kind"] == "RoleBinding")


def _of_checks(flux: str, plan: Plan) -> Iterator[Right]:
    for resource, verbs in _READ_BY_CHECKS.items():
        for verb in verbs:
            yield Right(verb=verb, group="", resource=resource)
    for group, resources in _TRIED.items():
        for resource in resources:
            yield Right(verb="create", group=group, resource=resource)
    for group, resource in _CHANGED.items():
        yield Right(verb="patch", group=group, resource=resource, namespace=flux)
    for user in _users(plan):
        yield Right(verb="impersonate", group="", resource="users", name=user)


def _users(plan: Plan) -> list[str]:
    """Return the users that bindings of one tenant name, as which C34 asks."""
    bound = [pick(one, "subjects") or [] for one in plan.tenants.get(_ASKED_AS, ())]
    return sorted({subject["name"] for subjects in bound for subject in subjects if subject["kind"] == "User"})
