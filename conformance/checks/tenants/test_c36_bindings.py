"""C36: no binding gives a tenant rights beyond its own namespace.

What other checks try request by request this one reads off: a RoleBinding in any other namespace, or any
ClusterRoleBinding, of a tenant's accounts, of its user, or of a group that they are in. A group that several tenants
are in is beyond the namespace of all but one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.api import Control, Ref, Scenario, check, expect_none, given_that, pick, subjects_of

RBAC = "rbac.authorization.k8s.io/v1"
STOCK = (
    "system:basic-user",
    "system:cluster-trust-bundle-discovery",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
)
"""Bindings by which Kubernetes itself gives everybody the role of the same name: harmless, and there from the start."""
EVERYBODY = ("system:serviceaccounts", "system:authenticated", "system:unauthenticated")
OF_A_CHECK = re.compile(r"[a-j]\d\d-")
"""Namespaces that other checks make for themselves, and let tenants into (C08, C29)."""


@check(
    "C36",
    control=Control.NO_STRAY_BINDINGS,
    kills=[
        "M04",
        "M60-impersonate",
        "M62-stray-binding",
        "M63-user-everywhere",
        "M64-foreign-binding",
        "M64-foreign-group",
        "M64-foreign-user",
        "M64-binding-elsewhere",
        "M64-stock-binding",
        "M65-accounts-everywhere",
    ],
    spec="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    source="catalogue C36; kubernetes@v1.36.3/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, "
    "ClusterRoleBindings",
    signal="each tenant's account and user is bound in its own namespace, in no other, and not in the whole cluster",
)
def test_c36_bindings(scenario: Scenario) -> None:
    """Read every ClusterRoleBinding, and every RoleBinding but those in the namespaces of other checks."""
    platform = scenario.platform
    tenants = {*platform.tenants.values(), *platform.probes}
    bound, stray = set(), []
    for binding, subject in _subjects(scenario, tenants):
        owners = {tenant for tenant in tenants if _belongs(subject, tenant)}
        if binding.namespace in owners:
            bound.add(binding.namespace)
        if owners - {binding.namespace}:
            stray.append(f"{binding} binds {subject['kind']} {subject['name']}")
    scenario.evidence.record("object", "bindings of tenants", {"at home": sorted(bound), "beyond": sorted(stray)})
    # The suite's own where it has any: other checks play with those of the rest.
    live = {subject.ref.namespace for subject in scenario.subjects} or tenants
    given_that(live <= bound, "each tenant is bound in its own namespace", observed=str(bound))
    expect_none(scenario, sorted(stray), "a tenant is bound beyond its namespace")


def _subjects(scenario: Scenario, tenants: set[str]) -> Iterator[tuple[Ref, Mapping[str, str]]]:
    client = scenario.platform.client
    namespaced = client.objects(RBAC, "RoleBinding")
    narrow = [one for one in namespaced if Ref.of(one).namespace in tenants or not _of_a_check(scenario, one)]
    for binding in [*client.objects(RBAC, "ClusterRoleBinding"), *narrow]:
        for subject in subjects_of(binding):
            if not _of_stock(binding, subject):
                yield Ref.of(binding), subject


def _of_stock(binding: Mapping[str, Any], subject: Mapping[str, str]) -> bool:
    """Whether Kubernetes itself binds this subject so. Its label says nothing of subjects that were added later."""
    name = binding["metadata"]["name"]
    stock = binding["kind"] == "ClusterRoleBinding" and name in STOCK and pick(binding, "roleRef", "name") == name
    return stock and subject["kind"] == "Group" and subject["name"] in EVERYBODY


def _of_a_check(scenario: Scenario, binding: Mapping[str, Any]) -> bool:
    """Whether a binding lives where another check made a namespace; where none may, names say nothing."""
    return scenario.may_submit and bool(OF_A_CHECK.match(Ref.of(binding).namespace))


def _belongs(subject: Mapping[str, str], tenant: str) -> bool:
    """Whether a tenant is, or is among, the subject of a binding."""
    match subject["kind"]:
        case "ServiceAccount":
            return subject["namespace"] == tenant
        case "Group":
            return subject["name"] in (*EVERYBODY, f"system:serviceaccounts:{tenant}")
        case _:
            # An account may also be bound by its user name, and a tenant makes accounts as it likes.
            return subject["name"].startswith(f"system:serviceaccount:{tenant}:") or (
                subject["name"] == f"gotk:{tenant}:reconciler"
            )
