"""C20: a tenant cannot hand on its rights: it grants no role in its own namespace, and mints no token there.

Policies bind the account that Flux acts as. Rights that a tenant moves to an account of its own are used from Pods,
past Git and past every policy that asks who acts.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "C20",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M04", "M14-role", "M14-unguarded"],
    spec="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    source="catalogue C20, C18; docs/adr/0011; fleet-repo/policies/base/tenant-role.yaml",
    signal='403, cannot create resource "rolebindings", "roles" or "serviceaccounts/token" in the own namespace; '
    "they are absent",
)
def test_c20_rights_contained(scenario: Scenario) -> None:
    """Create a RoleBinding and a Role, and ask for a token, with the tenant's own token."""
    client, user = scenario.identity("shared-a")
    # Allowed path first: the tenant made the account, and the objects are ones that the server takes.
    given(scenario.get(scenario["ServiceAccount/c20-app"].ref, as_tenant="shared-a")).is_admitted()
    granted = {"rolebindings": scenario["RoleBinding/c20-binding"], "roles": scenario["Role/c20-role"]}
    for subject in granted.values():
        given(subject.submit(as_platform=True, dry_run=True)).is_admitted()

    for resource, subject in granted.items():
        answer = scenario.create(subject.manifest, as_tenant="shared-a")
        expect(answer).is_refused(message=(f'User "{user}" cannot create resource "{resource}"', '"shared-a"'))
    # Of a token that comes nothing is kept.
    token = scenario.ask(user, "token of c20-app", lambda: client.token("shared-a", "c20-app", seconds=600) and {})
    expect(token).is_refused(message=(f'User "{user}" cannot create resource "serviceaccounts/token"', '"shared-a"'))
    for subject in granted.values():
        expect(token).leaves_no_trace(subject.ref.label, namespace="shared-a")
