"""The mutants: the same platform with one control removed, for as long as a `with` block lasts.

Each waits until it is in force before it yields, and until it is gone again before it returns (catalogue section 6).
Bindings are set to Audit and never deleted: without the last policy with a ConfigMap parameter the API server's
informer ends and every request is refused afterwards (catalogue finding 9).
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from conformance.bootstrap import changes as change
from conformance.bootstrap import changes_policies as policy
from conformance.bootstrap import changes_tenants as tenant
from conformance.bootstrap.canaries import Canary
from conformance.bootstrap.platform import Platform
from conformance.model import Environment

Apply = Callable[[Platform, Sequence[str]], AbstractContextManager[None]]
"""Takes the platform and the tenant namespaces of the checks that must kill the mutant."""

BOTH = frozenset(Environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A platform that lacks one control."""

    id: str
    description: str
    apply: Apply
    environments: frozenset[Environment] = BOTH
    tools: Sequence[str] = ()
    """Binaries that only this mutant needs."""


def _without_flag(controller: str, flag: str) -> Apply:
    return lambda platform, _: change.arguments(platform, controller, drop=flag)


def _with_flag(controller: str, flag: str) -> Apply:
    return lambda platform, _: change.arguments(platform, controller, add=flag)


def _audit_only(which: str, canary: Canary) -> Apply:
    def apply(platform: Platform, namespaces: Sequence[str]) -> AbstractContextManager[None]:
        name = getattr(platform.fleet.profile.policies, which)
        return policy.binding_audits(platform, name, canary, namespaces[0])

    return apply


def _fault(controller: str, fault: str) -> Apply:
    return lambda platform, _: change.faulty_binary(platform, controller, fault)


@contextlib.contextmanager
def _unguarded(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    guard = platform.fleet.profile.policies.guard_namespace
    with contextlib.ExitStack() as stack:
        # The role first and last: only a tenant with the rights can tell whether the guard bites.
        stack.enter_context(tenant.cluster_admin_in_namespaces(platform, namespaces))
        if guard:
            stack.enter_context(tenant.namespace_guard_audits(platform, guard, namespaces[0]))
        yield


NO_CROSS = "--no-cross-namespace-refs"
DEFAULT_ACCOUNT = "--default-service-account"
_FAULTS: Mapping[str, tuple[str, str, str]] = {
    "M30-insecure-fs": ("kustomize-controller", "insecure-fs", "builds may read files outside the artifact"),
    "M31-remote-components": ("kustomize-controller", "remote-components", "spec.components may be remote"),
    "M32-helm-charts": ("kustomize-controller", "helm-charts", "builds may inflate Helm charts"),
    "M33-exec-plugins": ("kustomize-controller", "exec-plugins", "builds may run exec plugins"),
    "M34-substitute-any-namespace": (
        "kustomize-controller",
        "substitute-any-namespace",
        "substituteFrom reads another tenant's namespace",
    ),
    "M35-archive-symlinks": ("source-controller", "archive-symlinks", "artifacts carry what symlinks point to"),
    "M36-include-any-namespace": ("source-controller", "include-any-namespace", "include reads another namespace"),
}


def _flag_mutants() -> list[Mutant]:
    short = {
        "kustomize": "M01",
        "helm": "M01",
        "notification": "M01",
        "image-reflector": "M01",
        "image-automation": "M01",
    }
    found = [
        Mutant(
            id=f"{prefix}-{name}",
            description=f"{name}-controller runs without --no-cross-namespace-refs",
            apply=_without_flag(f"{name}-controller", NO_CROSS),
        )
        for name, prefix in short.items()
    ]
    found.append(
        Mutant(
            id="M02",
            description="kustomize-controller runs without --no-remote-bases",
            apply=_without_flag("kustomize-controller", "--no-remote-bases"),
        )
    )
    found += [
        Mutant(
            id=f"M03-{name}",
            description=f"{name}-controller runs without --default-service-account",
            apply=_without_flag(f"{name}-controller", DEFAULT_ACCOUNT),
        )
        for name in ("kustomize", "helm")
    ]
    found.append(
        Mutant(
            id="M16",
            description="kustomize-controller runs with --insecure-kubeconfig-exec",
            apply=_with_flag("kustomize-controller", "--insecure-kubeconfig-exec=true"),
        )
    )
    return found


def _policy_mutants() -> list[Mutant]:
    audited = {
        "sources": (Canary.SOURCE, "M05-sources"),
        "buckets": (Canary.BUCKET, "M05-buckets"),
        "kubeconfig": (Canary.KUBECONFIG, "M05-kubeconfig"),
        "pods": (Canary.POD, "M05-pods"),
    }
    found = [
        Mutant(id=name, description=f"the binding of the {which} policy only audits", apply=_audit_only(which, canary))
        for which, (canary, name) in audited.items()
    ]
    return [
        *found,
        Mutant(
            id="M06-slash", description="allowlist prefixes lack their last slash", apply=policy.allowlist_without_slash
        ),
        Mutant(id="M06-wide", description="the allowlist has prefixes without a host", apply=policy.allowlist_wide),
        Mutant(id="M07", description="parameterNotFoundAction is Allow", apply=policy.parameters_not_found_allow),
        Mutant(id="M08", description="the policies' bindings select every namespace", apply=policy.bindings_everywhere),
        Mutant(id="M09", description="the kubeConfig policy misspells its field", apply=policy.kubeconfig_misspelt),
        Mutant(
            id="M24-update", description="the sources policy does not see updates", apply=policy.sources_without_update
        ),
    ]


def _tenant_mutants() -> list[Mutant]:
    return [
        Mutant(
            id="M04", description="tenants' accounts are bound to cluster-admin", apply=tenant.cluster_admin_everywhere
        ),
        Mutant(
            id="M11-psa",
            description="tenant namespaces lack the Pod Security labels",
            apply=tenant.without_pod_security,
        ),
        Mutant(
            id="M11-quota",
            description="tenant namespaces lack their ResourceQuota",
            apply=lambda p, n: tenant.without_objects(p, n, "ResourceQuota"),
        ),
        Mutant(
            id="M11-limitrange",
            description="tenant namespaces lack their LimitRange",
            apply=lambda p, n: tenant.without_objects(p, n, "LimitRange"),
        ),
        Mutant(
            id="M12",
            description="tenants do not depend on policies",
            apply=lambda p, _: tenant.platform_kustomization(p, "tenants", {"dependsOn": None}),
        ),
        Mutant(
            id="M13",
            description="a platform Kustomization names no service account",
            apply=lambda p, _: tenant.platform_kustomization(p, "tenants", {"serviceAccountName": None}),
        ),
        Mutant(
            id="M14-unguarded",
            description="tenants are cluster-admin in their namespace, and the namespace guard only audits",
            apply=_unguarded,
        ),
        Mutant(id="M20-binding", description="tenants' RoleBindings are deleted", apply=tenant.without_role_bindings),
        Mutant(
            id="M21-suspended",
            description="tenants' Kustomizations are suspended",
            apply=lambda p, n: tenant.tenant_syncs(p, n, {"suspend": True}),
        ),
        Mutant(
            id="M22-prune-off",
            description="tenants' Kustomizations do not prune",
            apply=lambda p, n: tenant.tenant_syncs(p, n, {"prune": False}),
        ),
        Mutant(
            id="M23-open-git", description="the git server asks nobody for credentials", apply=tenant.open_git_server
        ),
    ]


def _fault_mutants() -> list[Mutant]:
    return [
        Mutant(
            id=name,
            description=f"a faulty {controller}: {text}",
            apply=_fault(controller, fault),
            tools=(f"{controller}+unguarded",),
        )
        for name, (controller, fault, text) in _FAULTS.items()
    ]


MUTANTS: Mapping[str, Mutant] = {
    mutant.id: mutant for mutant in (*_flag_mutants(), *_policy_mutants(), *_tenant_mutants(), *_fault_mutants())
}


def platform_held_still(platform: Platform) -> AbstractContextManager[Any]:
    """Suspend the platform's own Kustomizations, so that Flux does not repair a mutant while it is looked at."""
    return tenant.platform_suspended(platform)
