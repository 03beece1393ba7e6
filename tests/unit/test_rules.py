"""Rules of roles are matched as Kubernetes does it, and A16, A17 and A18 see what comes by a wildcard."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.checks.platform.test_a16_token_rule import test_a16_token_rule as judge_tokens
from conformance.checks.platform.test_a17_leases_rule import test_a17_leases_rule as judge_leases
from conformance.checks.platform.test_a18_aggregated_roles import test_a18_aggregated_roles as judge_aggregated
from conformance.errors import Finding
from conformance.kube.rules import rule_allows
from conformance.manifests import Planned
from conformance.scenario import Scenario, Subject

TOKEN = "serviceaccounts/token"
LEASES = "coordination.k8s.io"
ALL_OF_LEASES = ["get", "list", "watch", "create", "update", "patch", "delete"]


def rule(groups: list[str], resources: list[str], verbs: list[str], *names: str) -> dict[str, Any]:
    return {
        "apiGroups": groups,
        "resources": resources,
        "verbs": verbs,
        **({"resourceNames": [*names]} if names else {}),
    }


@pytest.mark.parametrize(
    ("one", "allowed"),
    [
        (rule([""], [TOKEN], ["create"]), True),
        (rule(["*"], [TOKEN], ["*"]), True),
        (rule([""], ["*"], ["create"]), True),
        (rule([""], ["*/token"], ["create"]), True),
        (rule([""], ["pods", "*"], ["get", "*"]), True),
        (rule([""], ["serviceaccounts/*"], ["create"]), False),
        (rule([""], ["*/*"], ["create"]), False),
        (rule([""], ["serviceaccounts", "token"], ["create"]), False),
        (rule([""], [TOKEN], ["get"]), False),
        (rule(["apps"], ["*"], ["*"]), False),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, False),
        ({"apiGroups": None, "resources": None, "verbs": ["*"]}, False),
    ],
)
def test_a_wildcard_allows_what_rbac_lets_it_allow(one: dict[str, Any], allowed: bool) -> None:
    assert rule_allows(one, "create", "", TOKEN) is allowed


def test_a_resource_is_not_among_its_subresources() -> None:
    assert not rule_allows(rule([""], ["*/token"], ["*"]), "get", "", "token")
    assert not rule_allows(rule([""], ["pods/log"], ["*"]), "get", "", "pods")
    assert not rule_allows(rule([""], ["pods"], ["*"]), "get", "", "pods/log")


def test_a_rule_for_names_is_for_them_alone() -> None:
    named = rule([""], ["configmaps"], ["get", "list"], "one")
    assert rule_allows(named, "get", "", "configmaps", name="one")
    assert not rule_allows(named, "get", "", "configmaps", name="two")
    assert not rule_allows(named, "list", "", "configmaps")
    assert rule_allows(named, "get", "", "configmaps", name=None)


def role(name: str) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}


class Roles:
    """A scenario whose ClusterRoles have these rules."""

    def __init__(self, **rules: Any) -> None:
        self.rules = {name.replace("_", "-"): found for name, found in rules.items()}
        self.platform = SimpleNamespace(flux_namespace="flux-system", client=SimpleNamespace(find=self.find))
        self.evidence = SimpleNamespace(record=lambda *_: None)

    def find(self, ref: Any) -> Any:
        return {**role(ref.name), "rules": self.rules.get(ref.name, [])}

    def __getitem__(self, label: str) -> Subject:
        planned = Planned(role(label.partition("/")[2]), "wanted", as_platform=True, twin="")
        return Subject(cast("Scenario", self), planned)

    def existing(self, label: str, _namespace: str) -> Subject:
        return self[label]

    def arguments(self, _controller: str) -> Any:
        return {"live Deployment": []}


def judged(judge: Any, **rules: Any) -> None:
    judge(scenario=cast("Scenario", Roles(**rules)))


@pytest.mark.parametrize("resource", [TOKEN, "*", "*/token"])
def test_tokens_by_a_wildcard_are_found(resource: str) -> None:
    with pytest.raises(Finding, match="mints tokens"):
        judged(judge_tokens, crd_controller_flux_system=[rule(["", "apps"], [resource], ["create"])])
    with pytest.raises(Finding, match="mints tokens"):
        judged(judge_tokens, crd_controller_flux_system=[rule(["*"], [resource], ["*"], "one-account")])
    judged(judge_tokens, crd_controller_flux_system=[rule(["source.toolkit.fluxcd.io"], [resource], ["*"])])


def test_leases_by_a_wildcard_are_there_and_of_one_name_are_not_enough() -> None:
    judged(judge_leases, crd_controller_flux_system=[rule([LEASES], ["leases"], ALL_OF_LEASES)])
    judged(judge_leases, crd_controller_flux_system=[rule(["*"], ["*"], ["*"])])
    for one in (rule([LEASES], ["leases"], ["*"], "mine"), rule([LEASES], ["leases"], ALL_OF_LEASES[1:])):
        with pytest.raises(Finding, match="lacks verbs on leases"):
            judged(judge_leases, crd_controller_flux_system=[one])


READS = rule(["source.toolkit.fluxcd.io"], ["*"], ["get", "list", "watch"])


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("flux_view_flux_system", rule(["*"], ["*"], ["get"]), "is about more than Flux"),
        ("flux_view_flux_system", {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, "is about more than Flux"),
        ("view", rule(["*"], ["buckets"], ["patch"]), "may change kinds of Flux"),
        ("view", rule(["helm.toolkit.fluxcd.io"], ["*"], ["*"]), "may change kinds of Flux"),
    ],
)
def test_what_flux_adds_to_view_by_a_wildcard_is_found(name: str, more: dict[str, Any], said: str) -> None:
    rules = {"flux_view_flux_system": [READS], "flux_edit_flux_system": [READS], "view": [READS]}
    judged(judge_aggregated, **rules)
    with pytest.raises(Finding, match=said):
        judged(judge_aggregated, **{**rules, name: [READS, more]})
