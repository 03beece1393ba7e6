"""C19: a tenant cannot act as another user, group or account.

Impersonation is how Flux keeps tenants apart; a tenant that may impersonate is whoever it wants to be.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given

AS = {
    "user": ("gotk:shared-b:reconciler", ""),
    "group": ("admin", "system:masters"),
    "account": ("system:serviceaccount:shared-b:flux", ""),
}


@pytest.mark.parametrize("whom", AS)
@check(
    "C19",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04", "M60-impersonate"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/",
    source="catalogue C19, trap T13; apiserver@v0.36.3/pkg/endpoints/filters/impersonation",
    signal='403, User "system:serviceaccount:shared-a:flux" cannot impersonate…',
)
def test_c19_impersonation(scenario: Scenario, whom: str) -> None:
    """Read the victim's ConfigMap as somebody who may."""
    own, victim = (scenario[namespace, "ConfigMap/tenant-live"].ref for namespace in ("shared-a", "shared-b"))
    user, group = AS[whom]
    user = scenario.platform.tenant_user("shared-b") if whom == "account" else user
    # Allowed path first: the token works, and whom the tenant wants to be may read it.
    given(scenario.get(own, as_tenant="shared-a")).is_admitted()
    admin = scenario.platform.client.impersonating(user, group=group)
    given(scenario.ask(user, f"get {victim}", lambda: admin.get(victim))).is_admitted()

    client, tenant = scenario.identity("shared-a")
    other = client.impersonating(user, group=group)
    answer = scenario.ask(tenant, f"get {victim} as {group or user}", lambda: other.get(victim))
    # "impersonate" and, since Kubernetes 1.36, verbs that begin with it.
    expect(answer).is_refused(message=f'User "{tenant}" cannot impersonate')
