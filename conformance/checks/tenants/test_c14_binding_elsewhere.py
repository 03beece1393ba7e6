"""C14: a tenant cannot bind a role in another tenant's namespace, nor in the platform's.

One RoleBinding of its own account beside somebody's Secrets is all that it takes to read them.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given


@pytest.mark.parametrize("victim", ["shared-b", "flux-system", "kube-system"])
@check(
    "C14",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    source="catalogue C14; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, cannot create resource "rolebindings" in the namespace of the victim; the RoleBinding is absent',
)
def test_c14_binding_elsewhere(scenario: Scenario, victim: str) -> None:
    """Create a RoleBinding of the tenant's own account with its own token."""
    namespace = scenario.platform.flux_namespace if victim == "flux-system" else victim
    binding = scenario[namespace, "RoleBinding/c14-binding"]
    # Allowed path first: the token works, and the binding is one that the server takes.
    given(scenario.get(scenario["shared-a", "ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    given(binding.submit(dry_run=True)).is_admitted()

    answer = scenario.create(binding.manifest, as_tenant="shared-a")
    who = f'User "{scenario.platform.tenant_user("shared-a")}"'
    said = f'{who} cannot create resource "rolebindings"'
    expect(answer).is_refused(message=(said, f'in the namespace "{namespace}"'))
    expect(answer).leaves_no_trace(binding.ref.label, namespace=namespace)
