"""E13: every tenant's namespace denies traffic by default, and no rule there admits all namespaces.

Kubernetes lets every Pod reach every other until a policy selects it. One rule for all namespaces, or one that names
nobody, opens what the default closed. So does a selector that happens to match every namespace, and a block of all
addresses. What the network makes of it needs nodes (E00-E12).
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.api import Control, Level, Scenario, check, expect_none, given, given_that, pick, selects

PEERS = {"ingress": "from", "egress": "to"}
OF_A_CHECK = re.compile(r"[a-j]\d\d-")
"""What other checks try to make is theirs to judge (C26), where they may make anything."""


@check(
    "E13",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=[
        "M11-netpol",
        "M11-netpol-open",
        "M80-no-default-deny",
        "M80-peers-anywhere",
        "M80-peers-existing",
        "M80-ingress-anywhere",
        "M80-egress-anywhere",
    ],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies",
    source="catalogue E13; kubernetes@v1.36.3/staging/src/k8s.io/api/networking/v1/types.go, NetworkPolicySpec",
    signal="a NetworkPolicy with podSelector {}, policyTypes Ingress and Egress and no rules; "
    "no rule without peers, with a namespaceSelector that every namespace matches, or with all addresses",
)
def test_e13_default_deny(scenario: Scenario) -> None:
    """Read the network policies of the fleet's tenants and of the suite's."""
    platform = scenario.platform
    everybody = [pick(one, "metadata", "labels") or {} for one in platform.client.objects("v1", "Namespace")]
    for subject in scenario.subjects:
        given(subject).contains_wanted()
    for namespace in (*platform.tenants.values(), *platform.probes):
        given_that(scenario.existing(f"Namespace/{namespace}", "").live(), f"{namespace} is not there")
        found = platform.client.objects("networking.k8s.io/v1", "NetworkPolicy", namespace=namespace)
        specs = {p["metadata"]["name"]: p["spec"] for p in found if not _of_a_check(scenario, p["metadata"]["name"])}
        scenario.evidence.record("object", f"network policies of {namespace}", specs)
        denied = any(_denies_all(spec) for spec in specs.values())
        expect_none(
            scenario,
            [] if denied else [", ".join(specs) or "no NetworkPolicy"],
            f"{namespace} has no policy that denies by default",
            wanted="podSelector {}, policyTypes [Ingress, Egress], no rules",
        )
        wide = [f"{name}: {rule}" for name, spec in specs.items() for rule in _open_rules(spec, everybody)]
        expect_none(
            scenario,
            wide,
            f"{namespace} admits more than it names",
            wanted="peers in every rule, and none that is every namespace or every address",
        )


def _of_a_check(scenario: Scenario, name: str) -> bool:
    return scenario.may_submit and bool(OF_A_CHECK.match(name))


def _denies_all(spec: Mapping[str, Any]) -> bool:
    rules = [rule for direction in PEERS for rule in spec.get(direction, [])]
    return not spec.get("podSelector") and set(spec["policyTypes"]) == {"Ingress", "Egress"} and not rules


def _open_rules(spec: Mapping[str, Any], everybody: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield the rules that name nobody, and so admit everybody, or all namespaces, or all addresses."""
    for direction, key in PEERS.items():
        for rule in spec.get(direction, []):
            peers = rule.get(key)
            if not peers or _are_everybody(peers, everybody):
                yield f"{direction} {rule}"


def _are_everybody(peers: Sequence[Mapping[str, Any]], everybody: Sequence[Mapping[str, str]]) -> bool:
    """Return whether the peers of a rule are all namespaces or all addresses, be it only together."""
    selectors = [one for peer in peers if (one := peer.get("namespaceSelector")) is not None]
    named = bool(selectors) and all(any(selects(selector, one) for selector in selectors) for one in everybody)
    # What a block leaves out again is not looked at: all addresses but some are still more than anybody names.
    blocks = [ipaddress.ip_network(cidr, strict=False) for peer in peers if (cidr := pick(peer, "ipBlock", "cidr"))]
    v4 = ipaddress.collapse_addresses(one for one in blocks if isinstance(one, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(one for one in blocks if isinstance(one, ipaddress.IPv6Network))
    return named or any(one.prefixlen == 0 for one in v4) or any(one.prefixlen == 0 for one in v6)
