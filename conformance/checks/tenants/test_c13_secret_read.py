"""C13: a tenant cannot read Secrets outside its namespace.

The credentials of another tenant, the platform's deploy key and the cluster's own Secrets lie one request away.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given


@pytest.mark.parametrize("victim", ["shared-b", "flux-system", "kube-system"])
@check(
    "C13",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    source="catalogue C13; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, cannot list resource "secrets" and cannot get resource "secrets", in each namespace',
)
def test_c13_secret_read(scenario: Scenario, victim: str) -> None:
    """List and get Secrets with the tenant's own token."""
    # Allowed path first: the token reads the tenant's own, and the victim's is there to be read.
    own = scenario["shared-a", "Secret/c13-canary"]
    given(scenario.get(own.ref, as_tenant="shared-a")).is_admitted()
    namespace = scenario.platform.flux_namespace if victim == "flux-system" else victim
    canary = scenario[namespace, "Secret/c13-canary"].ref
    given(scenario.get(canary, as_tenant="")).is_admitted()

    who = f'User "{scenario.platform.tenant_user("shared-a")}"'
    where = f'in the namespace "{namespace}"'
    listed = scenario.list("v1", "Secret", namespace, as_tenant="shared-a")
    expect(listed).is_refused(message=(f'{who} cannot list resource "secrets"', where))
    read = scenario.get(canary, as_tenant="shared-a")
    expect(read).is_refused(message=(f'{who} cannot get resource "secrets"', where))
