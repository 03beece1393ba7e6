"""Mutants of the network find policies by what they say, and change one thing in them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from conformance.bootstrap import changes_network as change
from conformance.bootstrap.abilities import lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.bootstrap.mutants import network as mutants
from conformance.model import Capability
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

GUARDRAILS = data_dir("fleet-repo") / "tenants" / "components" / "guardrails" / "network-policies.yaml"
POLICIES = {one["metadata"]["name"]: one["spec"] for one in load_objects(GUARDRAILS)}
NEIGHBOURS, INGRESS = "allow-same-namespace-and-dns", "allow-from-shared-ingress"


def spec(name: str) -> dict[str, Any]:
    return copy.deepcopy(dict(POLICIES[name]))


@pytest.mark.parametrize(
    ("fits", "name"),
    [
        (change.denies_all, "default-deny"),
        (change.admits_neighbours, NEIGHBOURS),
        (change.opens_dns, NEIGHBOURS),
        (change.admits_another_namespace, INGRESS),
    ],
)
def test_each_policy_is_found_by_what_it_says(fits: Callable[[Any], bool], name: str) -> None:
    assert [known for known, one in POLICIES.items() if fits(one)] == [name]


def test_the_rule_for_dns_is_taken_away_alone() -> None:
    changed = spec(NEIGHBOURS)
    change.without_dns_rule(changed)
    assert changed == {**spec(NEIGHBOURS), "egress": [{"to": [{"podSelector": {}}]}]}


def test_the_rule_for_dns_is_widened_alone() -> None:
    changed = spec(NEIGHBOURS)
    change.dns_rule(lambda rule: rule.pop("ports"))(changed)
    assert [sorted(rule) for rule in changed["egress"]] == [["to"], ["to"]]
    assert changed["egress"][0] == spec(NEIGHBOURS)["egress"][0]
    other = spec(NEIGHBOURS)
    change.dns_rule(mutants._any_dns_pod)(other)
    assert other["egress"][1]["ports"] == spec(NEIGHBOURS)["egress"][1]["ports"]
    assert [sorted(peer) for peer in other["egress"][1]["to"]] == [["namespaceSelector"]]


def test_a_mutant_that_needs_nodes_is_no_mutant_of_the_embedded_platform() -> None:
    needing = [mutant.id for mutant in MUTANTS.values() if Capability.NODES in mutant.needs & lacks("embedded")]
    assert needing == ["M80-no-engine"]
    assert MUTANTS["M80-no-engine"].needs == {Capability.NODES}
