"""Mutants of RBAC and namespace guardrails."""

from conformance.bootstrap import changes_access as access
from conformance.bootstrap.mutants.mutant import Mutant


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M14-role",
            local=True,
            description="tenants are cluster-admin in their namespace; the namespace guard stays",
            apply=access.cluster_admin_in_own_namespace,
        ),
        Mutant(id="M60-impersonate", description="tenants may impersonate anybody", apply=access.impersonators),
        Mutant(
            id="M61-unaggregated",
            description="the roles view, edit and admin do not include Flux's kinds",
            apply=access.unaggregated,
            refuses=frozenset({"RoleBinding"}),  # one to `edit` gives nothing of Flux then
        ),
        Mutant(
            id="M62-stray-binding",
            description="everybody who logs in lists every ConfigMap",
            apply=access.everybody_reads,
        ),
        Mutant(
            id="M63-user-everywhere",
            description="the tenants' reconciler users are bound in the whole cluster",
            apply=access.users_everywhere,
        ),
        Mutant(
            id="M64-foreign-binding",
            description="a tenant's account is bound in another tenant's namespace",
            apply=access.bound_in_foreign_namespace,
        ),
        Mutant(
            id="M64-foreign-group",
            description="all service accounts are bound in a tenant's namespace, as a group",
            apply=access.group_bound_in_foreign_namespace,
        ),
        Mutant(
            id="M64-foreign-user",
            description="another account of a tenant is bound in another tenant's namespace, by its user name",
            apply=access.user_bound_in_foreign_namespace,
        ),
        Mutant(
            id="M64-binding-elsewhere",
            description="a tenant's account is bound in a namespace that is neither a tenant's nor the platform's",
            apply=access.bound_elsewhere,
        ),
        Mutant(
            id="M64-stock-binding",
            description="a tenant's account is among the subjects of a binding that Kubernetes itself makes",
            apply=access.bound_by_stock,
        ),
        Mutant(
            id="M65-accounts-everywhere",
            description="every account in a tenant's namespace lists all releases",
            apply=access.accounts_everywhere,
        ),
        Mutant(
            id="M11-quota-nothing",
            local=True,
            description="the tenants' quotas admit no Pods",
            apply=access.quotas_of_nothing,
        ),
    ]
