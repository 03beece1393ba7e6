"""C15: a tenant cannot make ClusterRoles or ClusterRoleBindings.

One binding of its own account would end every other limit.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C15",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    source="catalogue C15; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, cannot create resource "clusterroles" and "clusterrolebindings" at the cluster scope; both are absent',
)
def test_c15_cluster_role_binding(scenario: Scenario) -> None:
    """Create both with the tenant's own token."""
    # Allowed path first: the token works, and the objects are ones that the server takes.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    role, binding = scenario["ClusterRole/c15-role"], scenario["ClusterRoleBinding/c15-binding"]
    for subject in (role, binding):
        given(subject.submit(as_platform=True, dry_run=True)).is_admitted()

    who = f'User "{scenario.platform.tenant_user("shared-a")}"'
    for subject, resource in ((role, "clusterroles"), (binding, "clusterrolebindings")):
        answer = scenario.create(subject.manifest, as_tenant="shared-a")
        expect(answer).is_refused(message=(f'{who} cannot create resource "{resource}"', "at the cluster scope"))
        expect(answer).leaves_no_trace(subject.ref.label)
