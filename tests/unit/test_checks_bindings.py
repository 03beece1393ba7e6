"""C36 and E13 read what a cluster has, also where the suite made nothing: what they take for an escape."""

import contextlib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.bootstrap.mutants.network import _egress_anywhere, _peers_existing
from conformance.checks.network.test_e13_default_deny import test_e13_default_deny as judge_default_deny
from conformance.checks.tenants.test_c36_bindings import test_c36_bindings as judge_bindings
from conformance.errors import Breakdown, Finding
from conformance.scenario import Scenario

RBAC = "rbac.authorization.k8s.io/v1"
EVERYBODY = {"kind": "Group", "name": "system:serviceaccounts"}
DENIES = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
NAME = "kubernetes.io/metadata.name"
OPEN = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}


def account(namespace: str, name: str = "flux") -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "name": name}


def binding(namespace: str, *subjects: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": namespace} if namespace else {"name": "one"}
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "subjects": list(subjects)}


OWN = [binding("apps", account("apps")), binding("ops", account("ops"), user("gotk:ops:reconciler"))]


def stock(name: str, *subjects: dict[str, str], role: str = "") -> dict[str, Any]:
    """A ClusterRoleBinding that Kubernetes makes, as its label says."""
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    return {
        **binding("", *subjects),
        "metadata": {"name": name, "labels": labels},
        "roleRef": {"kind": "ClusterRole", "name": role or name},
    }


def scenario(kinds: dict[str, Sequence[Any]], *, may_submit: bool = False) -> Scenario:
    """Two tenants, apps and ops, on a cluster that has these objects."""

    def objects(_version: str, kind: str, *, namespace: str = "", labels: str = "") -> list[Any]:
        assert not labels  # whoever may write a binding may label it
        found = kinds.get(kind, [])
        return [one for one in found if namespace in ("", one["metadata"].get("namespace"))]

    platform = SimpleNamespace(
        tenants={"dev-team": "apps", "ops-team": "ops"}, probes=(), client=SimpleNamespace(objects=objects)
    )
    evidence = SimpleNamespace(record=lambda *_: None)
    there = SimpleNamespace(live=lambda: {"metadata": {}})
    made = {"platform": platform, "evidence": evidence, "subjects": [], "may_submit": may_submit}
    return cast("Scenario", SimpleNamespace(**made, existing=lambda *_: there))


def bindings(*more: Any, may_submit: bool = False) -> Scenario:
    wide = [one for one in more if one["kind"] == "ClusterRoleBinding"]
    narrow = [one for one in more if one["kind"] == "RoleBinding"]
    return scenario({"ClusterRoleBinding": wide, "RoleBinding": [*OWN, *narrow]}, may_submit=may_submit)


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(binding("apps", account("apps", "builder")), id="another account of its own"),
        pytest.param(binding("apps", user("system:serviceaccount:apps:builder")), id="the same by its user name"),
        pytest.param(binding("apps", {"kind": "ServiceAccount", "name": "x"}), id="one of where the binding is"),
        pytest.param(binding("apps", {"kind": "Group", "name": "system:serviceaccounts:apps"}), id="its own group"),
        pytest.param(binding("monitoring", account("monitoring")), id="somebody who is no tenant"),
        pytest.param(binding("apps", user("system:serviceaccount:apps-2:flux")), id="a name that begins alike"),
        pytest.param(binding("", user("jane")), id="a user of the whole cluster"),
        pytest.param(stock("system:service-account-issuer-discovery", EVERYBODY), id="a stock binding of all accounts"),
        pytest.param(stock("system:discovery", {"kind": "Group", "name": "system:authenticated"}), id="of all users"),
        pytest.param(stock("cluster-admin", {"kind": "Group", "name": "system:masters"}), id="of admins"),
    ],
)
def test_a_binding_at_home_or_of_nobodys_is_no_finding(harmless: Any) -> None:
    judge_bindings(scenario=bindings(harmless))


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(binding("apps", EVERYBODY), id="all accounts, in a tenant's namespace"),
        pytest.param(binding("apps", {"kind": "Group", "name": "system:authenticated"}), id="all who log in"),
        pytest.param(binding("apps", {"kind": "Group", "name": "system:serviceaccounts:ops"}), id="another's accounts"),
        pytest.param(binding("apps", account("apps"), account("ops")), id="another beside its own"),
        pytest.param(binding("apps", user("system:serviceaccount:ops:default")), id="an account by its user name"),
        pytest.param(binding("", user("system:serviceaccount:ops:default")), id="the same in the whole cluster"),
        pytest.param(stock("cluster-admin", account("ops")), id="in the stock binding of admins"),
        pytest.param(stock("system:discovery", EVERYBODY, account("ops")), id="beside those of a stock binding"),
        pytest.param(stock("cluster-admin", EVERYBODY), id="everybody in a stock binding that is not everybody's"),
        pytest.param(stock("system:discovery", EVERYBODY, role="cluster-admin"), id="a stock name, another role"),
        pytest.param(binding("monitoring", account("ops")), id="in a namespace of nobody's"),
        pytest.param(binding("c29-elsewhere", account("ops")), id="in one that is called like a check's"),
    ],
)
def test_a_binding_beyond_a_tenants_namespace_is_found(stray: Any) -> None:
    with pytest.raises(Finding, match="a tenant is bound beyond its namespace") as raised:
        judge_bindings(scenario=bindings(stray))
    assert raised.value.observed.startswith(stray["metadata"].get("namespace", "ClusterRoleBinding"))


def test_an_account_without_a_namespace_is_where_its_binding_is() -> None:
    local = [binding(place, {"kind": "ServiceAccount", "name": "flux"}) for place in ("apps", "ops")]
    judge_bindings(scenario=scenario({"RoleBinding": local}))


def test_bindings_in_the_namespaces_of_other_checks_are_theirs() -> None:
    judge_bindings(scenario=bindings(binding("c29-elsewhere", EVERYBODY), may_submit=True))
    with pytest.raises(Finding):
        judge_bindings(scenario=bindings(binding("monitoring", EVERYBODY), may_submit=True))


def test_a_tenant_that_is_not_bound_at_all_is_not_judged() -> None:
    with pytest.raises(Breakdown, match="each tenant is bound in its own namespace"):
        judge_bindings(scenario=scenario({"RoleBinding": OWN[:1]}))


def policies(name: str, spec: Any, *, may_submit: bool) -> Scenario:
    made = [{"metadata": {"name": "default-deny", "namespace": place}, "spec": DENIES} for place in ("apps", "ops")]
    more = {"metadata": {"name": name, "namespace": "ops"}, "spec": spec}
    spaces = [{"metadata": {"name": place, "labels": {NAME: place}}} for place in ("apps", "ops", "kube-system")]
    return scenario({"NetworkPolicy": [*made, more], "Namespace": spaces}, may_submit=may_submit)


def test_a_policy_that_is_called_like_a_checks_counts_where_no_check_may_make_one() -> None:
    judge_default_deny(scenario=policies("b12-open", OPEN, may_submit=True))
    with pytest.raises(Finding, match="ops admits more than it names"):
        judge_default_deny(scenario=policies("b12-open", OPEN, may_submit=False))
    with pytest.raises(Finding, match="ops admits more than it names"):
        judge_default_deny(scenario=policies("open", OPEN, may_submit=True))


def term(operator: str, *values: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchExpressions": [{"key": NAME, "operator": operator, "values": list(values)}]}}


def rule(direction: str, *peers: Any) -> dict[str, Any]:
    key = {"Ingress": "from", "Egress": "to"}[direction]
    return {"podSelector": {}, "policyTypes": [direction], direction.lower(): [{key: list(peers)}]}


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
@pytest.mark.parametrize(
    "peer",
    [
        pytest.param({"namespaceSelector": {}}, id="an empty selector"),
        pytest.param({"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}, id="some Pods of all"),
        pytest.param(term("Exists"), id="a label that each namespace has"),
        pytest.param(term("NotIn", "nowhere"), id="all but one that is not there"),
        pytest.param(term("In", "apps", "ops", "kube-system"), id="each of them by its name"),
        pytest.param({"ipBlock": {"cidr": "0.0.0.0/0"}}, id="every address"),
        pytest.param({"ipBlock": {"cidr": "::/0"}}, id="every address of IPv6"),
        pytest.param({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["192.0.2.0/24"]}}, id="every address but some"),
    ],
)
def test_a_peer_that_is_everybody_is_found(direction: str, peer: Any) -> None:
    harmless = {"podSelector": {"matchLabels": {"a": "b"}}}
    with pytest.raises(Finding, match="ops admits more than it names"):
        judge_default_deny(scenario=policies("open", rule(direction, harmless, peer), may_submit=False))


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
@pytest.mark.parametrize(
    ("peers", "wide"),
    [
        pytest.param([term("In", "apps", "ops"), term("In", "kube-system")], True, id="each by its name"),
        pytest.param([term("NotIn", "ops"), term("In", "ops")], True, id="all but one, and that one"),
        pytest.param([term("NotIn", "ops"), {"podSelector": {}}], False, id="all but one, and neighbours"),
        pytest.param([{"ipBlock": {"cidr": one}} for one in ("0.0.0.0/1", "128.0.0.0/1")], True, id="both halves"),
        pytest.param([{"ipBlock": {"cidr": one}} for one in ("::/1", "8000::/1")], True, id="both of IPv6"),
        pytest.param([{"ipBlock": {"cidr": one}} for one in ("0.0.0.0/1", "8000::/1")], False, id="one of each"),
    ],
)
def test_peers_that_are_everybody_together_are_found(direction: str, peers: list[Any], wide: bool) -> None:
    asked = policies("open", rule(direction, *peers), may_submit=False)
    with pytest.raises(Finding, match="ops admits more than it names") if wide else contextlib.nullcontext():
        judge_default_deny(scenario=asked)


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
@pytest.mark.parametrize(
    "peer",
    [
        pytest.param(term("In", "kube-system"), id="a namespace by its name"),
        pytest.param(term("NotIn", "ops"), id="all but one"),
        pytest.param({"podSelector": {}}, id="neighbours"),
        pytest.param({"ipBlock": {"cidr": "10.0.0.0/8"}}, id="a block of addresses"),
    ],
)
def test_a_peer_that_is_somebody_is_no_finding(direction: str, peer: Any) -> None:
    judge_default_deny(scenario=policies("named", rule(direction, peer), may_submit=False))


def test_what_the_mutants_make_of_a_policy_is_found() -> None:
    for change in (_peers_existing, _egress_anywhere):
        spec: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        change(spec)
        with pytest.raises(Finding, match="ops admits more than it names"):
            judge_default_deny(scenario=policies("open", spec, may_submit=False))
