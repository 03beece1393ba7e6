"""Reversible changes to NetworkPolicies, and to what enforces them.

Policies are found by what they say, not by their names: those are a fleet's own choice. A change is in force when the
network has caught up with it; where there are no nodes, the policies themselves are judged, and there is nothing to
wait for.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.changes_tenants import bare, without_objects
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import eventually
from conformance.model import Capability, Manifest

Spec = dict[str, Any]
ANYWHERE: Mapping[str, Any] = {"ipBlock": {"cidr": "0.0.0.0/0"}}
EVERY_NAMESPACE: Mapping[str, Any] = {"namespaceSelector": {}}
EVERY_NAMED_NAMESPACE: Mapping[str, Any] = {
    "namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}
}
"""The same in other words: the API server gives each namespace a label with its name."""
_KIND = ("networking.k8s.io/v1", "NetworkPolicy")
_ENGINES = ("kube-router", "kindnet")
"""DaemonSets that enforce policies on the clusters of the suite."""
_NOWHERE = {"conformance.fluxtenancy.dev/nowhere": "true"}


def caught_up(platform: Platform) -> None:
    """Wait until the network follows the policies as they are now."""
    if Capability.NODES in platform.cluster.capabilities:
        platform.network.enforcement.prove()
        platform.network.enforcement.catch_up()


@contextlib.contextmanager
def in_force(platform: Platform, change: contextlib.AbstractContextManager[Any]) -> Iterator[None]:
    """Wait for the network after a change, and again after it was taken back."""
    with change:
        caught_up(platform)
        yield
    caught_up(platform)


@contextlib.contextmanager
def without_policies(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Delete every policy of these namespaces."""
    with in_force(platform, without_objects(platform, namespaces, "NetworkPolicy")):
        yield


@contextlib.contextmanager
def open_network(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Give each of these namespaces a policy that admits every namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [EVERY_NAMESPACE]}]}
    with contextlib.ExitStack() as stack:
        for namespace in namespaces:
            metadata = {"name": "mutant-open", "namespace": namespace}
            policy = {"apiVersion": _KIND[0], "kind": _KIND[1], "metadata": metadata, "spec": spec}
            platform.client.apply(policy)
            stack.callback(platform.client.delete_if_exists, Ref.of(policy))
        caught_up(platform)
        yield
    caught_up(platform)


@contextlib.contextmanager
def without_policy(
    platform: Platform, namespaces: Sequence[str], fits: Callable[[Manifest], bool], what: str
) -> Iterator[None]:
    """Delete the policies of these namespaces that fit, and make them again."""
    found = [policy for namespace in namespaces for policy in _found(platform, namespace, fits, what)]
    with in_force(platform, _deleted(platform, found)):
        yield


@contextlib.contextmanager
def changed_policy(
    platform: Platform,
    namespaces: Sequence[str],
    fits: Callable[[Manifest], bool],
    what: str,
    change: Callable[[Spec], None],
) -> Iterator[None]:
    """Change the policies of these namespaces that fit."""
    with contextlib.ExitStack() as stack:
        for namespace in namespaces:
            for policy in _found(platform, namespace, fits, what):
                stack.enter_context(patched(platform, Ref.of(policy), change))
        caught_up(platform)
        yield
    caught_up(platform)


@contextlib.contextmanager
def without_engine(platform: Platform) -> Iterator[None]:
    """Send what enforces the policies to nodes that are not there; the rules that it wrote stay as they are."""
    with contextlib.ExitStack() as stack:
        stack.callback(platform.network.enforcement.forget)
        for ref in _engines(platform):
            stack.callback(_until_pods, platform, ref, running=True)  # after the change is taken back
            stack.enter_context(patched(platform, ref, _nowhere))
            _until_pods(platform, ref, running=False)
        yield


def _engines(platform: Platform) -> list[Ref]:
    refs = [ref_to(f"DaemonSet/{name}", "kube-system") for name in _ENGINES]
    found = [ref for ref in refs if platform.client.find(ref) is not None]
    if not found:
        raise BootstrapError(f"kube-system has none of the DaemonSets {', '.join(_ENGINES)}: nothing to take away")
    return found


def _nowhere(spec: Spec) -> None:
    spec["template"]["spec"]["nodeSelector"] = _NOWHERE


def _until_pods(platform: Platform, ref: Ref, *, running: bool) -> None:
    eventually(
        lambda: pick(platform.client.get(ref), "status", "numberReady") or 0,
        lambda ready: bool(ready) is running,
        timeout_s=platform.timeouts.mutant_in_force,
        what=f"{ref} {'runs' if running else 'does not run'}",
    )


@contextlib.contextmanager
def _deleted(platform: Platform, found: Sequence[Manifest]) -> Iterator[None]:
    for item in found:
        platform.client.delete(Ref.of(item))
    try:
        yield
    finally:
        for item in found:
            platform.client.apply(bare(item), manager="kustomize-controller")


def _found(platform: Platform, namespace: str, fits: Callable[[Manifest], bool], what: str) -> list[Manifest]:
    found = [one for one in platform.client.objects(*_KIND, namespace=namespace) if fits(one["spec"])]
    if not found:
        raise BootstrapError(f"{namespace} has no NetworkPolicy that {what}: there is nothing to change")
    return found


def denies_all(spec: Manifest) -> bool:
    """Whether a policy selects every Pod and lets nothing through."""
    return not (spec.get("podSelector") or spec.get("ingress") or spec.get("egress"))


def admits_neighbours(spec: Manifest) -> bool:
    """Whether a policy lets in the Pods of its own namespace."""
    peers = [peer for rule in spec.get("ingress") or [] for peer in rule.get("from") or []]
    return any("podSelector" in peer and "namespaceSelector" not in peer for peer in peers)


def admits_another_namespace(spec: Manifest) -> bool:
    """Whether a policy lets in the Pods of a namespace that it names."""
    peers = [peer for rule in spec.get("ingress") or [] for peer in rule.get("from") or []]
    return any(peer.get("namespaceSelector") for peer in peers)


def opens_dns(spec: Manifest) -> bool:
    """Whether a policy lets out to a DNS server."""
    return any(_is_dns(rule) for rule in spec.get("egress") or [])


def dns_rule(change: Callable[[dict[str, Any]], None]) -> Callable[[Spec], None]:
    """Return a change of the rule that lets out to a DNS server."""

    def apply(spec: Spec) -> None:
        for rule in spec["egress"]:
            if _is_dns(rule):
                change(rule)

    return apply


def without_dns_rule(spec: Spec) -> None:
    """Take the rule away that lets out to a DNS server."""
    spec["egress"] = [rule for rule in spec["egress"] if not _is_dns(rule)]


def _is_dns(rule: Manifest) -> bool:
    return any(port.get("port") == 53 for port in rule.get("ports") or [])  # noqa: PLR2004 - the port of DNS


def named(platform: Platform, name: str) -> Callable[[Callable[[Spec], None]], contextlib.AbstractContextManager[None]]:
    """Return a way to change one policy around the controllers, by its name: those are Flux's own."""
    ref = ref_to(f"NetworkPolicy/{name}", platform.flux_namespace)
    return lambda change: in_force(platform, patched(platform, ref, change))


def without_named(platform: Platform, *names: str) -> contextlib.AbstractContextManager[None]:
    """Delete policies around the controllers, by their names; the first must be there."""
    first, *more = (ref_to(f"NetworkPolicy/{name}", platform.flux_namespace) for name in names)
    found = [platform.client.find(ref) for ref in more]
    policies = [platform.client.get(first), *(policy for policy in found if policy is not None)]
    return in_force(platform, _deleted(platform, policies))
