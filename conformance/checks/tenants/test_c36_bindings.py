"""C36: no binding gives a tenant rights beyond its own namespace.

What other checks try request by request this one reads off: a RoleBinding in another tenant's namespace, or any
ClusterRoleBinding of a tenant's account, of its user, or of a group that it is in.
"""

from collections.abc import Iterator, Mapping

from conformance.api import Control, Ref, Scenario, check, expect_that, given_that, pick

RBAC = "rbac.authorization.k8s.io/v1"
DEFAULTS = "kubernetes.io/bootstrapping=rbac-defaults"
EVERYBODY = ("system:serviceaccounts", "system:authenticated", "system:unauthenticated")


@check(
    "C36",
    control=Control.NO_STRAY_BINDINGS,
    kills=[
        "M04",
        "M60-impersonate",
        "M62-stray-binding",
        "M63-user-everywhere",
        "M64-foreign-binding",
        "M65-accounts-everywhere",
    ],
    spec="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    source="catalogue C36",
    signal="each tenant's account and user is bound in its own namespace, and in no other's, nor in the whole cluster",
)
def test_c36_bindings(scenario: Scenario) -> None:
    """Read every ClusterRoleBinding, and the RoleBindings of every tenant and of the platform."""
    platform = scenario.platform
    tenants = {*platform.tenants.values(), *platform.probes}
    elsewhere = {platform.flux_namespace, "kube-system", "default"}
    bound, stray = set(), []
    for binding, subject in _subjects(scenario, tenants | elsewhere):
        owners = {tenant for tenant in tenants if _belongs(scenario, subject, tenant)}
        if binding.namespace in owners:
            bound.add(binding.namespace)
        elif owners:
            stray.append(f"{binding} binds {subject['kind']} {subject['name']}")
    scenario.evidence.record("object", "bindings of tenants", {"at home": sorted(bound), "beyond": sorted(stray)})
    # The suite's own where it has any: other checks play with those of the rest.
    live = {subject.ref.namespace for subject in scenario.subjects} or tenants
    given_that(live <= bound, "each tenant is bound in its own namespace", observed=str(bound))
    expect_that(not stray, "a tenant is bound beyond its namespace", wanted="none", observed="; ".join(sorted(stray)))


def _subjects(scenario: Scenario, namespaces: set[str]) -> Iterator[tuple[Ref, Mapping[str, str]]]:
    client = scenario.platform.client
    default = {Ref.of(one) for one in client.objects(RBAC, "ClusterRoleBinding", labels=DEFAULTS)}
    wide = [one for one in client.objects(RBAC, "ClusterRoleBinding") if Ref.of(one) not in default]
    narrow = [one for one in client.objects(RBAC, "RoleBinding") if one["metadata"]["namespace"] in namespaces]
    for binding in [*wide, *narrow]:
        for subject in pick(binding, "subjects") or []:
            yield Ref.of(binding), subject


def _belongs(scenario: Scenario, subject: Mapping[str, str], tenant: str) -> bool:
    """Whether a tenant is, or is among, the subject of a binding."""
    match subject["kind"]:
        case "ServiceAccount":
            return subject["namespace"] == tenant
        case "Group":
            return subject["name"] in (*EVERYBODY, f"system:serviceaccounts:{tenant}")
        case _:
            own = (scenario.platform.tenant_user(tenant), f"gotk:{tenant}:reconciler")
            return subject["name"] in own
