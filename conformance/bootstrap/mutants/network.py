"""Mutants of the network: each NetworkPolicy taken away or widened, in tenants' namespaces and around Flux."""

from collections.abc import Callable
from typing import Any

from conformance.bootstrap import changes_network as change
from conformance.bootstrap import egress
from conformance.bootstrap.mutants.mutant import Apply, Mutant
from conformance.model import Capability, Manifest

Spec = dict[str, Any]
EGRESS_POLICY = "kustomize-controller-egress"
"""Of the reference fleet: what kustomize-controller may reach."""


def _deny(fits: Callable[[Manifest], bool], what: str) -> Apply:
    return lambda platform, namespaces: change.without_policy(platform, namespaces, fits, what)


def _tenant(fits: Callable[[Manifest], bool], what: str, edit: Callable[[Spec], None]) -> Apply:
    return lambda platform, namespaces: change.changed_policy(platform, namespaces, fits, what, edit)


def _flux(name: str, edit: Callable[[Spec], None]) -> Apply:
    return lambda platform, _: change.named(platform, name)(edit)


def _no_flux(*names: str) -> Apply:
    return lambda platform, _: change.without_named(platform, *names)


def _peers_anywhere(spec: Spec) -> None:
    spec["ingress"] = [{"from": [change.EVERY_NAMESPACE]}]


def _peers_existing(spec: Spec) -> None:
    spec["ingress"] = [{"from": [change.EVERY_NAMED_NAMESPACE]}]


def _egress_anywhere(spec: Spec) -> None:
    spec["egress"] = [*spec.get("egress", []), {"to": [change.ANYWHERE]}]


def _any_pod(spec: Spec) -> None:
    spec["podSelector"] = {}


def _any_port(spec: Spec) -> None:
    spec["ingress"] = [{"from": rule["from"]} for rule in spec["ingress"]]


def _published_egress(spec: Spec) -> None:
    spec["policyTypes"], spec["egress"] = ["Ingress", "Egress"], [{}]


def _any_dns_pod(rule: dict[str, Any]) -> None:
    rule["to"] = [{"namespaceSelector": peer["namespaceSelector"]} for peer in rule["to"]]


_NEIGHBOURS, _INGRESS, _DNS = "admits its own Pods", "admits another namespace", "opens DNS"


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [*_of_tenants(), *_of_flux()]


def _of_tenants() -> list[Mutant]:
    return [
        Mutant(
            id="M80-no-engine",
            description="nothing enforces NetworkPolicies any more",
            apply=lambda p, _: change.without_engine(p),
            needs=frozenset({Capability.NODES}),
        ),
        Mutant(
            id="M80-no-default-deny",
            local=True,
            description="tenant namespaces lack the policy that denies by default",
            apply=_deny(change.denies_all, "denies by default"),
        ),
        Mutant(
            id="M80-no-same-namespace",
            local=True,
            description="tenant namespaces lack the policy for neighbours and DNS",
            apply=_deny(change.admits_neighbours, _NEIGHBOURS),
        ),
        Mutant(
            id="M80-no-ingress",
            local=True,
            description="tenant namespaces lack the policy for the shared ingress",
            apply=_deny(change.admits_another_namespace, _INGRESS),
        ),
        Mutant(
            id="M80-peers-anywhere",
            local=True,
            description="the policy for neighbours admits every namespace",
            apply=_tenant(change.admits_neighbours, _NEIGHBOURS, _peers_anywhere),
        ),
        Mutant(
            id="M80-peers-existing",
            local=True,
            description="the policy for neighbours admits namespaces by a label that each of them has",
            apply=_tenant(change.admits_neighbours, _NEIGHBOURS, _peers_existing),
        ),
        Mutant(
            id="M80-ingress-anywhere",
            local=True,
            description="the policy for the shared ingress admits every namespace",
            apply=_tenant(change.admits_another_namespace, _INGRESS, _peers_anywhere),
        ),
        Mutant(
            id="M80-ingress-any-pod",
            local=True,
            description="the policy for the shared ingress selects every Pod",
            apply=_tenant(change.admits_another_namespace, _INGRESS, _any_pod),
        ),
        Mutant(
            id="M80-egress-anywhere",
            local=True,
            description="tenants' Pods may reach every address",
            apply=_tenant(change.opens_dns, _DNS, _egress_anywhere),
        ),
        Mutant(
            id="M80-no-dns",
            local=True,
            description="tenants' Pods may not reach the DNS server",
            apply=_tenant(change.opens_dns, _DNS, change.without_dns_rule),
        ),
        Mutant(
            id="M80-dns-any-port",
            local=True,
            description="the rule for DNS names no ports",
            apply=_tenant(change.opens_dns, _DNS, change.dns_rule(lambda rule: rule.pop("ports"))),
        ),
        Mutant(
            id="M80-dns-any-pod",
            local=True,
            description="the rule for DNS names no Pods",
            apply=_tenant(change.opens_dns, _DNS, change.dns_rule(_any_dns_pod)),
        ),
    ]


def _of_flux() -> list[Mutant]:
    return [
        Mutant(
            id="M81-no-allow-egress",
            description="the namespace of Flux lacks the policy allow-egress",
            apply=_no_flux("allow-egress"),
        ),
        Mutant(
            id="M81-no-scraping",
            description="the namespace of Flux lacks the policy allow-scraping",
            apply=_no_flux("allow-scraping"),
        ),
        Mutant(
            id="M81-no-webhooks",
            description="the namespace of Flux lacks the policy allow-webhooks",
            apply=_no_flux("allow-webhooks"),
        ),
        Mutant(
            id="M81-allow-egress-open",
            description="the policy allow-egress admits every namespace",
            apply=_flux("allow-egress", _peers_anywhere),
        ),
        Mutant(
            id="M81-scraping-any-port",
            description="the policy allow-scraping names no port",
            apply=_flux("allow-scraping", _any_port),
        ),
        Mutant(
            id="M81-webhooks-any-port",
            description="the policy allow-webhooks names no port",
            apply=_flux("allow-webhooks", _any_port),
        ),
        Mutant(
            id="M81-egress-published",
            description="the policy allow-egress lets every controller out to everywhere, as published",
            apply=_flux("allow-egress", _published_egress),
        ),
        Mutant(
            id="M81-no-controller-egress",
            description="the policy for the egress of kustomize-controller is gone",
            # Alone, what the suite added would keep the controller from everything else.
            apply=_no_flux(EGRESS_POLICY, egress.POLICY),
        ),
        Mutant(
            id="M81-controller-egress-anywhere",
            description="the policy for the egress of kustomize-controller lets out to every address",
            apply=_flux(EGRESS_POLICY, _egress_anywhere),
        ),
    ]
