"""New RoleBindings of a probe are waited for by what their own roles give."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.probed import FakeCluster

from conformance.errors import WaitTimeout
from conformance.kube.objects import ref_to
from conformance.model import Manifest
from conformance.providers.heeded import wait_in_force
from conformance.providers.throwaway import Plan, Throwaway
from conformance.settings import Timeouts

RBAC = "rbac.authorization.k8s.io/v1"
READS: Mapping[str, Any] = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
SYNCS: Mapping[str, Any] = {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["*"]}
NAMED: Mapping[str, Any] = {**READS, "resourceNames": ["one"]}
FLUX: Mapping[str, str] = {"kind": "ServiceAccount", "name": "flux", "namespace": "shared-a"}


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    made.ground.open(frozenset({"shared-a", "shared-b"}))
    made.add(RBAC, "ClusterRole", "syncs", rules=[SYNCS])
    return made


def binding(
    role: str = "syncs", kind: str = "ClusterRole", namespace: str = "shared-a", subjects: Sequence[Any] = (FLUX,)
) -> Manifest:
    metadata = {"name": "bound", "namespace": namespace}
    ref = {"kind": kind, "name": role}
    return {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": metadata, "roleRef": ref, "subjects": subjects}


def role(*rules: Any) -> Manifest:
    metadata = {"name": "own", "namespace": "shared-a"}
    return {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": rules}


def test_the_rules_of_its_role_are_waited_for(cluster: FakeCluster) -> None:
    answers = iter([False, False, True])
    cluster.heeded = lambda: next(answers)
    others = [
        {"kind": "ServiceAccount", "name": "other", "namespace": "apps"},
        {"kind": "User", "name": "somebody"},
        {"kind": "Group", "name": "all"},
    ]
    wait_in_force(cluster, [binding(subjects=[FLUX, *others])], 5)
    assert cluster.said == ["with shared-a/flux", *["rules in shared-a"] * 3]
    assert next(answers, None) is None


def test_an_account_without_a_namespace_is_waited_for_too(cluster: FakeCluster) -> None:
    wait_in_force(cluster, [binding(subjects=[{"kind": "ServiceAccount", "name": "flux"}])], 5)
    assert cluster.said == ["with shared-a/flux", "rules in shared-a"]


def test_one_that_is_never_heeded_is_named(cluster: FakeCluster) -> None:
    cluster.heeded = lambda: False
    said = r"shared-a/RoleBinding/bound of ClusterRole/syncs for shared-a/flux"
    with pytest.raises(WaitTimeout, match=rf"that new bindings are heeded .*{said}"):
        wait_in_force(cluster, [binding()], 0.2)


@pytest.mark.parametrize("missing", [SYNCS, NAMED])
def test_every_rule_counts(cluster: FakeCluster, missing: Any) -> None:
    cluster.add(RBAC, "ClusterRole", "syncs", rules=[READS])
    with pytest.raises(WaitTimeout, match="Role/own"):
        wait_in_force(cluster, [role(READS, missing), binding("own", "Role")], 0.2)


def test_the_order_of_what_a_rule_names_does_not_count(cluster: FakeCluster) -> None:
    cluster.add(RBAC, "ClusterRole", "syncs", rules=[{**READS, "verbs": ["list", "get"], "resourceNames": None}])
    wait_in_force(cluster, [role(READS), binding("own", "Role")], 0.2)


def test_it_is_asked_where_the_binding_holds(cluster: FakeCluster) -> None:
    wait_in_force(cluster, [binding(namespace="shared-b")], 0.2)
    assert cluster.said == ["with shared-a/flux", "rules in shared-b"]


@pytest.mark.parametrize(
    "objects",
    [
        [],
        [binding("gone")],
        [role(), binding("own", "Role")],
        [role({"nonResourceURLs": ["/healthz"], "verbs": ["get"]}), binding("own", "Role")],
        [binding(namespace="apps")],
        [binding(subjects=[])],
        [{key: said for key, said in binding().items() if key != "subjects"}],
    ],
)
def test_what_gives_nothing_in_the_ground_is_not_waited_for(cluster: FakeCluster, objects: list[Manifest]) -> None:
    cluster.heeded = lambda: False
    wait_in_force(cluster, objects, 0.2)
    assert cluster.said == []


def test_a_ground_whose_bindings_are_not_heeded_is_not_made(cluster: FakeCluster) -> None:
    cluster.heeded = lambda: False
    tenant = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared-a"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "flux", "namespace": "shared-a"}},
        binding(),
    ]
    timeouts = Timeouts(workload=0.2, namespace_gone=0.2, policy_enforced=0.2)
    with pytest.raises(WaitTimeout, match="new bindings are heeded"):
        Throwaway(cluster.maker(), Plan(tenants={"shared-a": tenant}), "run-1", timeouts).make()
    assert ref_to("RoleBinding/bound", "shared-a") in cluster.there
