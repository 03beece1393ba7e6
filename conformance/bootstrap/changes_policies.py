"""Reversible changes to admission policies, their bindings and the allowlist; mutants are made of them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conformance.bootstrap.canaries import Canary, wait_enforced
from conformance.bootstrap.changes import patched
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import eventually, pause

POLICY_REFRESH_S = 2.0
"""The API server takes policies over within 1 s (catalogue T03); for a change that no request shows."""
_NOBODY = {"matchLabels": {"conformance.fluxtenancy.dev/nobody": "true"}}


def _binding(name: str) -> Ref:
    return ref_to(f"ValidatingAdmissionPolicyBinding/{name}")


def _policy(name: str | None, which: str) -> str:
    if name is None:
        raise BootstrapError(f"this fleet names no {which} policy in conformance.yaml: there is nothing to take away")
    return name


def binding_audits(
    platform: Platform, name: str | None, canary: Canary, namespace: str
) -> contextlib.AbstractContextManager[None]:
    """Let a policy's binding audit without denying."""

    def change(spec: dict[str, Any]) -> None:
        spec["validationActions"] = ["Audit"]

    def in_force(mutated: bool) -> None:
        wait_enforced(platform, canary, namespace, enforced=not mutated)

    return patched(platform, _binding(_policy(name, "such")), change, in_force=in_force)


def bucket_binding_elsewhere(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let the binding of the buckets policy select namespaces by a label that nobody has."""
    return _bucket_binding(
        platform, namespaces, lambda spec: spec.update(matchResources={"namespaceSelector": _NOBODY})
    )


def bucket_binding_labelled(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let the binding of the buckets policy look at objects with a label that nobody has."""
    return _bucket_binding(
        platform, namespaces, lambda spec: spec.setdefault("matchResources", {}).update(objectSelector=_NOBODY)
    )


def _bucket_binding(
    platform: Platform, namespaces: Sequence[str], change: Callable[[dict[str, Any]], None]
) -> contextlib.AbstractContextManager[None]:
    def in_force(mutated: bool) -> None:
        wait_enforced(platform, Canary.BUCKET, namespaces[0], enforced=not mutated)

    name = _policy(platform.fleet.profile.policies.buckets, "buckets")
    return patched(platform, _binding(name), change, in_force=in_force)


def allowlist_without_slash(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Cut the last slash off every allowlist prefix."""
    return _allowlist(platform, namespaces, lambda line: line.rstrip("/"), "devil/x")


def allowlist_wide(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Reduce every allowlist prefix to its scheme."""
    return _allowlist(platform, namespaces, lambda line: line.partition(":")[0], "/../x")


def _allowlist(
    platform: Platform, namespaces: Sequence[str], change_line: Callable[[str], str], suffix: str
) -> contextlib.AbstractContextManager[None]:
    profile = platform.fleet.profile.allowlist
    ref = ref_to(f"ConfigMap/{profile.name}", profile.namespace)
    url = f"{platform.git_url}{suffix}" if suffix.startswith("devil") else f"{platform.evil_git_url}/x"

    def change(data: dict[str, Any]) -> None:
        data[profile.key] = "\n".join(change_line(line.strip()) for line in data[profile.key].splitlines())

    def in_force(mutated: bool) -> None:
        eventually(
            lambda: _source_admitted(platform, namespaces[0], url),
            lambda admitted: admitted is mutated,
            timeout_s=platform.timeouts.policy_enforced,
            what=f"the allowlist {'admits' if mutated else 'refuses'} {url}",
        )

    return patched(platform, ref, change, in_force=in_force)


def _source_admitted(platform: Platform, namespace: str, url: str) -> bool:
    metadata = {"name": "conformance-canary", "namespace": namespace}
    spec = {"interval": "1h", "url": url}
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": spec}
    try:
        platform.client.create(source, dry_run=True)
    except ApiError:
        return False
    return True


def parameters_not_found_allow(
    platform: Platform, namespaces: Sequence[str]
) -> contextlib.AbstractContextManager[None]:
    """Let the sources policy pass everything when its allowlist is missing.

    It shows only once the allowlist is gone, which check B39 itself brings about and waits for.
    """
    del namespaces

    def change(spec: dict[str, Any]) -> None:
        spec["paramRef"]["parameterNotFoundAction"] = "Allow"

    binding = _binding(_policy(platform.fleet.profile.policies.sources, "sources"))
    return patched(platform, binding, change, in_force=lambda _: pause(POLICY_REFRESH_S))


@contextlib.contextmanager
def bindings_everywhere(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Take the namespaceSelector off the binding of each tenant policy."""
    del namespaces
    policies = platform.fleet.profile.policies
    names = [name for name in (policies.sources, policies.buckets, policies.kubeconfig, policies.pods) if name]

    def change(spec: dict[str, Any]) -> None:
        spec.pop("matchResources", None)

    def in_force(mutated: bool) -> None:
        wait_enforced(platform, Canary.SOURCE, "default", enforced=mutated)

    with contextlib.ExitStack() as stack:
        for name in names:
            watched = in_force if name == policies.sources else (lambda _: None)
            stack.enter_context(patched(platform, _binding(name), change, in_force=watched))
        yield


def kubeconfig_misspelt(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Spell the field of the kubeConfig policy as the published one does (catalogue finding 1)."""
    name = _policy(platform.fleet.profile.policies.kubeconfig, "kubeConfig")

    def change(spec: dict[str, Any]) -> None:
        for validation in spec["validations"]:
            validation["expression"] = validation["expression"].replace("kubeConfig", "kubeconfig")

    def in_force(mutated: bool) -> None:
        wait_enforced(platform, Canary.KUBECONFIG, namespaces[0], enforced=not mutated)

    return patched(platform, ref_to(f"ValidatingAdmissionPolicy/{name}"), change, in_force=in_force)


def sources_without_update(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Let the sources policy see CREATE only."""
    name = _policy(platform.fleet.profile.policies.sources, "sources")
    # Tenants of the suite's own have a source of their name; what the fleet's have is not known.
    tenant = next((one for one in namespaces if one in platform.probes), namespaces[0])
    probe = ref_to(f"GitRepository/{tenant}", tenant)

    def change(spec: dict[str, Any]) -> None:
        for rule in spec["matchConstraints"]["resourceRules"]:
            rule["operations"] = ["CREATE"]

    def refused() -> bool:
        try:
            platform.client.patch(probe, {"spec": {"url": f"{platform.evil_git_url}/x"}}, dry_run=True)
        except ApiError:
            return True
        return False

    def in_force(mutated: bool) -> None:
        eventually(
            refused,
            lambda is_refused: is_refused is not mutated,
            timeout_s=platform.timeouts.policy_enforced,
            what="the sources policy changed its operations",
        )

    return patched(platform, ref_to(f"ValidatingAdmissionPolicy/{name}"), change, in_force=in_force)
