"""The rights of a probe, and the ClusterRole that grants them."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import yaml
from support.probed import FakeCluster

from conformance.providers.probe_rights import Right, missing_of_checks, missing_rights, wanted
from conformance.providers.throwaway import Plan
from conformance.settings import data_dir

BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "x", "namespace": "shared-a"},
    "roleRef": {"kind": "ClusterRole", "name": "tenant-reconciler"},
    "subjects": [
        {"kind": "User", "name": "gotk:shared-a:reconciler"},
        {"kind": "ServiceAccount", "name": "flux", "namespace": "shared-a"},
    ],
}
PLAN = Plan(
    tenants={"shared-a": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared-a"}}, BINDING]}
)


def granted() -> Iterator[tuple[str, str, str, str]]:
    for name in ("audit", "probe"):
        document = yaml.safe_load((data_dir("fixtures") / "existing" / f"{name}.yaml").read_text())
        for rule in document["rules"]:
            names: Any = rule.get("resourceNames", [""])
            yield from product(rule["verbs"], rule["apiGroups"], rule["resources"], names)


def test_the_roles_grant_what_is_asked_for() -> None:
    given = set(granted())
    asked = wanted("flux-system", PLAN)
    assert len(asked) > 40
    missing = [
        str(one)
        for one in asked
        if not {(one.verb, one.group, what, name) for what in (one.resource, "*") for name in ("", one.name)} & given
    ]
    assert missing == []


def test_the_role_of_probes_grants_nothing_by_a_wildcard_but_lists() -> None:
    wide = {verb for verb, group, resource, _ in granted() if "*" in (group, resource)}
    assert wide == {"list"}
    verbs = {verb for verb, *_ in granted()}
    assert verbs == {"get", "list", "watch", "create", "patch", "delete", "bind", "impersonate"}
    assert {(resource, name) for verb, _, resource, name in granted() if verb == "delete"} == {
        ("namespaces", ""),
        ("leases", "flux-tenancy-conformance-probe"),
    }


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        (("delete", "", "namespaces"), "delete namespaces"),
        (("watch", "", "namespaces"), "watch namespaces"),
        (("list", "apiregistration.k8s.io", "apiservices"), "list apiservices.apiregistration.k8s.io"),
        (("create", "", "serviceaccounts/token"), "create serviceaccounts/token"),
        (
            ("bind", "rbac.authorization.k8s.io", "clusterroles", "tenant-reconciler"),
            "bind clusterroles.rbac.authorization.k8s.io tenant-reconciler",
        ),
        (("get", "rbac.authorization.k8s.io", "clusterroles"), "get clusterroles.rbac.authorization.k8s.io"),
        (
            ("delete", "coordination.k8s.io", "leases", "default"),
            "delete leases.coordination.k8s.io flux-tenancy-conformance-probe in default",
        ),
    ],
)
def test_a_right_that_the_ground_takes_is_named(denied: tuple[str, ...], said: str) -> None:
    cluster = FakeCluster()
    cluster.denied.add(denied)
    assert missing_rights(cluster.maker(), PLAN) == [said]
    assert missing_of_checks(cluster.maker(), "flux-system", PLAN) == []


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        (("impersonate", "", "users", "gotk:shared-a:reconciler"), "impersonate users gotk:shared-a:reconciler"),
        (("patch", "apps", "deployments", "flux-system"), "patch deployments.apps in flux-system"),
        (("list", "", "limitranges"), "list limitranges"),
        (("create", "source.toolkit.fluxcd.io", "buckets"), "create buckets.source.toolkit.fluxcd.io"),
    ],
)
def test_a_right_that_checks_alone_use_keeps_no_probe_back(denied: tuple[str, ...], said: str) -> None:
    cluster = FakeCluster()
    cluster.denied.add(denied)
    assert missing_rights(cluster.maker(), PLAN) == []
    assert missing_of_checks(cluster.maker(), "flux-system", PLAN) == [said]


def test_a_role_of_the_tenants_own_is_bound_as_what_it_is() -> None:
    own = {**BINDING, "roleRef": {"kind": "Role", "name": "own"}}
    asked = {str(one) for one in wanted("flux-system", Plan(tenants={"shared-a": [own]})) if one.verb == "bind"}
    assert "bind roles.rbac.authorization.k8s.io own" in asked
    assert "bind clusterroles.rbac.authorization.k8s.io own" not in asked


def test_all_missing_rights_are_named_each_once() -> None:
    cluster = FakeCluster()
    cluster.denied |= {("create", "", "configmaps"), ("patch", "", "secrets")}
    assert sorted(missing_rights(cluster.maker(), PLAN)) == ["create configmaps", "patch secrets"]


def test_a_right_reads_as_kubectl_asks_for_it() -> None:
    assert (
        str(Right(verb="get", group="", resource="leases", namespace="default", name="x")) == "get leases x in default"
    )
