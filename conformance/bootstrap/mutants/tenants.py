"""Mutants of what a fleet gives a tenant: role, guardrails, sync, credentials."""

import contextlib
from collections.abc import Iterator, Sequence

from conformance.bootstrap import changes_network as network
from conformance.bootstrap import changes_tenants as tenant
from conformance.bootstrap.mutants.mutant import Mutant
from conformance.bootstrap.platform import Platform


@contextlib.contextmanager
def _unguarded(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    guard = platform.fleet.profile.policies.guard_namespace
    with contextlib.ExitStack() as stack:
        # The role first and last: only a tenant with the rights can tell whether the guard bites.
        stack.enter_context(tenant.cluster_admin_in_namespaces(platform, namespaces))
        if guard:
            stack.enter_context(tenant.namespace_guard_audits(platform, guard, namespaces[0]))
        yield


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M04",
            local=True,
            description="tenants' accounts are bound to cluster-admin",
            apply=tenant.cluster_admin_everywhere,
        ),
        Mutant(
            id="M11-psa",
            local=True,
            description="tenant namespaces lack the Pod Security labels",
            apply=tenant.without_pod_security,
        ),
        Mutant(
            id="M11-quota",
            local=True,
            description="tenant namespaces lack their ResourceQuota",
            apply=lambda p, n: tenant.without_objects(p, n, "ResourceQuota"),
        ),
        Mutant(
            id="M11-limitrange",
            local=True,
            description="tenant namespaces lack their LimitRange",
            apply=lambda p, n: tenant.without_objects(p, n, "LimitRange"),
        ),
        Mutant(
            id="M11-netpol",
            local=True,
            description="tenant namespaces lack their NetworkPolicies",
            apply=network.without_policies,
        ),
        Mutant(
            id="M11-netpol-open",
            local=True,
            description="a NetworkPolicy of each tenant namespace admits every namespace",
            apply=network.open_network,
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
            local=True,
            description="tenants are cluster-admin in their namespace, and the namespace guard only audits",
            apply=_unguarded,
        ),
        Mutant(
            id="M20-binding",
            local=True,
            description="tenants' RoleBindings are deleted",
            apply=tenant.without_role_bindings,
        ),
        Mutant(
            id="M21-suspended",
            local=True,
            description="tenants' Kustomizations are suspended",
            apply=lambda p, n: tenant.tenant_syncs(p, n, {"suspend": True}),
        ),
        Mutant(
            id="M22-prune-off",
            local=True,
            description="tenants' Kustomizations do not prune",
            apply=lambda p, n: tenant.tenant_syncs(p, n, {"prune": False}),
        ),
        Mutant(
            id="M23-open-git", description="the git server asks nobody for credentials", apply=tenant.open_git_server
        ),
    ]
