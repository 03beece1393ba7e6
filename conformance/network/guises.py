"""Labels that Pods have to bear for NetworkPolicies to open the way: a policy for `app: web` opens no other Pod.

A Pod in such a guise stands beside each imagined one. Its labels satisfy one selector, or as many at once as can be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.kube.objects import pick
from conformance.model import Manifest
from conformance.network.policies import selects

Guise = Mapping[str, str | None]
"""Labels; None: this one must not be there."""

_PEERS = {"Ingress": "from", "Egress": "to"}
_ORDER = ("In", "Exists", "NotIn", "DoesNotExist")
"""What says most of a label comes first: a value of a list is also one that is there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Pod stands; outside of the cluster: nowhere."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the namespace."""


def of_target(policies: Sequence[Manifest], target: Place, source: Place) -> list[Guise]:
    """Return guises of a Pod to which the policies at both ends open the way from another namespace."""
    own = _selectors(policies, target.namespace, "Ingress")
    return _distinct([*own, *_peers(policies, source.namespace, "Egress", target.labels)])


def of_source(policies: Sequence[Manifest], source: Place, target: Place) -> list[Guise]:
    """Return guises of a Pod for which the policies at both ends open the way to another place."""
    own = _selectors(policies, source.namespace, "Egress")
    return _distinct([*own, *_peers(policies, target.namespace, "Ingress", source.labels)])


def unsatisfied(policies: Sequence[Manifest], namespaces: Iterable[str]) -> list[str]:
    """Return the policies of these namespaces whose selectors no guise satisfies; nobody can have such labels."""
    found = {
        f"{namespace}/{policy['metadata']['name']}"
        for namespace in namespaces
        for policy in _of(policies, namespace)
        for selector in (*_own(policy), *(peer["podSelector"] for way in _PEERS for peer in _of_peers(policy, way)))
        if _satisfying(selector) is None
    }
    return sorted(found)


def worn(labels: Mapping[str, str], guise: Guise) -> dict[str, str]:
    """Return the labels of a Pod in a guise."""
    return {key: value for key, value in {**labels, **guise}.items() if value is not None}


def said(guise: Guise) -> str:
    """Return a guise in words, such as `app=web`."""
    return ", ".join(f"{key}={value}" if value is not None else f"no {key}" for key, value in sorted(guise.items()))


def _distinct(selectors: Iterable[Mapping[str, Any]]) -> list[Guise]:
    """Return a guise for each selector, and one that satisfies as many of them as it can."""
    found = [guise for one in selectors if (guise := _satisfying(one))]
    together: dict[str, str | None] = {}
    for guise in found:
        if all(together.get(key, value) == value for key, value in guise.items()):
            together.update(guise)
    return list({said(one): one for one in (*found, together) if one}.values())


def _of(policies: Sequence[Manifest], namespace: str) -> list[Manifest]:
    return [one for one in policies if one["metadata"]["namespace"] == namespace]


def _own(policy: Manifest) -> list[Mapping[str, Any]]:
    return [one for one in [pick(policy, "spec", "podSelector")] if one]


def _selectors(policies: Sequence[Manifest], namespace: str, way: str) -> Iterator[Mapping[str, Any]]:
    """Yield whom the policies of a namespace let out, or to whom they let in."""
    for policy in _of(policies, namespace):
        if pick(policy, "spec", way.lower()):
            yield from _own(policy)


def _peers(
    policies: Sequence[Manifest], namespace: str, way: str, labels: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Yield which Pods the policies of a namespace name in another one, which has these labels."""
    for policy in _of(policies, namespace):
        for peer in _of_peers(policy, way):
            if selects(peer["namespaceSelector"], labels):
                yield peer["podSelector"]


def _of_peers(policy: Manifest, way: str) -> Iterator[Mapping[str, Any]]:
    """Yield the peers of a policy that are some Pods of other namespaces."""
    for rule in pick(policy, "spec", way.lower()) or []:
        for peer in rule.get(_PEERS[way]) or []:
            if peer.get("podSelector") and "namespaceSelector" in peer:
                yield peer


def _satisfying(selector: Mapping[str, Any]) -> Guise | None:
    """Return labels that satisfy a selector; None: nothing does."""
    found: dict[str, str | None] = dict(selector.get("matchLabels") or {})
    terms = selector.get("matchExpressions") or []
    barred = {(term["key"], value) for term in terms if term["operator"] == "NotIn" for value in term["values"]}
    for term in sorted(terms, key=lambda one: _ORDER.index(one["operator"])):
        values = {"In": term.get("values") or [], "Exists": ["any", "other"]}.get(term["operator"], [])
        # A label that must not be there, or not have certain values, is taken away.
        found.setdefault(term["key"], next((value for value in values if (term["key"], value) not in barred), None))
    return found if selects(selector, worn({}, found)) else None
