"""C34: the user that a tenant's RoleBinding names may act in the tenant's namespace, and nowhere else.

Flux binds each tenant's reconciler as a user too, for setups that impersonate users in place of accounts.
"""

from conformance.api import Answer, Control, Scenario, Subject, check, expect, given_that, pick


@check(
    "C34",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M63-user-everywhere"],
    source="catalogue C34; flux2@v2.9.2/cmd/flux/create_tenant.go",
    signal='admitted in shared-a; 403, cannot create resource in shared-b, and "at the cluster scope"',
)
def test_c34_reconciler_user(scenario: Scenario) -> None:
    """Create a ConfigMap in the tenant's namespace and in the victim's, and a Namespace, as that user."""
    bindings = scenario.platform.client.objects("rbac.authorization.k8s.io/v1", "RoleBinding", namespace="shared-a")
    users = {one["name"] for b in bindings for one in pick(b, "subjects") or [] if one["kind"] == "User"}
    given_that(users, "a RoleBinding of the tenant names a user")
    for user in sorted(users):
        expect(_created(scenario, user, scenario["shared-a", "ConfigMap/c34-written"])).is_admitted()
        foreign = _created(scenario, user, scenario["shared-b", "ConfigMap/c34-written"])
        said = f'User "{user}" cannot create resource'
        expect(foreign).is_refused(message=(f'{said} "configmaps"', 'in the namespace "shared-b"'))
        namespace = _created(scenario, user, scenario["Namespace/c34-written"])
        expect(namespace).is_refused(message=(f'{said} "namespaces"', "at the cluster scope"))


def _created(scenario: Scenario, user: str, subject: Subject) -> Answer:
    client = scenario.platform.client.impersonating(user)
    return scenario.ask(user, f"create {subject.ref}", lambda: client.create(subject.manifest, dry_run=True))
