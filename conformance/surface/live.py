"""The surface of the Flux that runs in a cluster: its live definitions, roles, bindings and arguments.

Objects are brought into the form that a release's own data have, so that the same reviewed mapping speaks of them.
Flux's own are told by their label. A binding of a controller's account counts without it, and so does the role that it
gives: nobody who adds one has to call it a part of Flux.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from conformance import settings
from conformance.kube.client import KubeClient
from conformance.kube.objects import PART_OF_FLUX, Ref, pick
from conformance.kube.rules import subjects_of
from conformance.model import Manifest
from conformance.surface.model import Surface
from conformance.surface.reading import assembled
from conformance.toolchain import cached_tools

_RBAC = "rbac.authorization.k8s.io/v1"
OF_CLUSTER = (
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    (_RBAC, "ClusterRole"),
    (_RBAC, "ClusterRoleBinding"),
)
OF_NAMESPACE = (
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "ResourceQuota"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)
"""Kinds that are read in the namespace of Flux; those of the cluster are in `OF_CLUSTER`."""
BINDINGS = ((_RBAC, "ClusterRoleBinding"), (_RBAC, "RoleBinding"))
"""Kinds that are read in all namespaces, for those that name an account of Flux."""
_KUBERNETES = frozenset({"cluster-admin", "admin", "edit", "view"})
"""ClusterRoles that Kubernetes makes for users: what they give is not Flux's to say, that they are bound is."""
_NAMESPACE = "flux-system"
"""Of Flux in a release's own data."""


def live_surface(client: KubeClient, namespace: str, version: str) -> Surface:
    """Return the surface of the Flux in a namespace.

    Args:
        version: of its release, for the record.

    Raises:
        ApiError: something may not be read.
        ToolchainError: the live objects have a form that nobody knows.
    """
    text = "\n---\n".join(json.dumps(one) for one in _objects(client, namespace))
    said = f"the live objects of Flux in {namespace}, by their label {PART_OF_FLUX}, and bindings of its accounts"
    return assembled(version, {"the live cluster": text}, said, cached_tools(settings.cache_dir()))


def _objects(client: KubeClient, namespace: str) -> Iterator[dict[str, Any]]:
    found = [one for version, kind in OF_CLUSTER for one in client.objects(version, kind, labels=PART_OF_FLUX)]
    for version, kind in OF_NAMESPACE:
        found += client.objects(version, kind, namespace=namespace, labels=PART_OF_FLUX)
    known, accounts = {Ref.of(one) for one in found}, set(_accounts(found))
    for version, kind in BINDINGS:
        for one in client.objects(version, kind):
            subjects = [who for who in subjects_of(one) if _is_of(who, accounts, namespace)]
            if subjects and Ref.of(one) not in known:
                found.append({**one, "subjects": subjects})
    known |= {Ref.of(one) for one in found}
    named = {one["roleRef"]["name"] for one in found if pick(one, "roleRef", "kind") == "ClusterRole"} - _KUBERNETES
    roles = client.objects(_RBAC, "ClusterRole") if named else []
    found += [one for one in roles if one["metadata"]["name"] in named and Ref.of(one) not in known]
    return (as_released(one, namespace) for one in found)


def _accounts(found: Sequence[Manifest]) -> Iterator[str]:
    """Yield the names of the accounts of Flux: its ServiceAccounts, and those that its Deployments run as."""
    for one in found:
        if one["kind"] == "ServiceAccount":
            yield one["metadata"]["name"]
        elif one["kind"] == "Deployment":
            yield pick(one, "spec", "template", "spec", "serviceAccountName") or "default"


def _is_of(subject: Mapping[str, str], accounts: Collection[str], namespace: str) -> bool:
    """Whether a subject is an account of Flux, by whichever of its names, or the group of all that are beside it."""
    name = subject["name"]
    match subject["kind"]:
        case "ServiceAccount":
            return subject.get("namespace") == namespace and name in accounts
        case "Group":
            return name == f"system:serviceaccounts:{namespace}"
        case _:
            before, _, account = name.rpartition(":")
            return before == f"system:serviceaccount:{namespace}" and account in accounts


def as_released(live: Manifest, namespace: str) -> dict[str, Any]:
    """Return a live object by the names that it has in a release's data, without what the API server adds."""
    one: dict[str, Any] = json.loads(json.dumps({key: said for key, said in live.items() if key != "status"}))
    labels = pick(one, "metadata", "labels") or {}
    # In a release's data no binding is of one namespace only; several may have one name.
    where = {"namespace": one["metadata"]["namespace"]} if one["kind"] == "RoleBinding" else {}
    one["metadata"] = {"name": _plain(one["metadata"]["name"], namespace), "labels": labels, **where}
    if "roleRef" in one:
        one["roleRef"]["name"] = _plain(one["roleRef"]["name"], namespace)
    for subject in one.get("subjects") or ():
        if subject.get("namespace") == namespace:
            subject["namespace"] = _NAMESPACE
    for container in _containers(one):
        container["image"] = container["image"].partition("@")[0]
    return one


def _plain(name: str, namespace: str) -> str:
    """Return the name of an object of the cluster without the namespace that `flux install` adds to it."""
    return name.removesuffix(f"-{namespace}")


def _containers(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    return pick(one, "spec", "template", "spec", "containers") or []
