"""C18: a tenant cannot mint tokens of another tenant's account, nor of the platform's.

A token is the account: all that the other may do, outside of Flux and its policies.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given, given_that


@pytest.mark.parametrize("victim", ["shared-b", "flux-system"])
@check(
    "C18",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/",
    source="catalogue C18; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, cannot create resource "serviceaccounts/token" in the namespace of the victim',
)
def test_c18_token_mint(scenario: Scenario, victim: str) -> None:
    """Ask for a token of the victim's account with the tenant's own token."""
    platform = scenario.platform
    namespace = platform.flux_namespace if victim == "flux-system" else victim
    account = "kustomize-controller" if victim == "flux-system" else platform.service_account
    # Allowed path first: the token works, and the victim's account has tokens to give.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    given_that(platform.client.token(namespace, account, seconds=600), f"{namespace}/{account} has tokens to give")

    client, user = scenario.identity("shared-a")
    # Of a token that comes nothing is kept.
    answer = scenario.ask(
        user, f"token of {namespace}/{account}", lambda: client.token(namespace, account, seconds=600) and {}
    )
    said = f'User "{user}" cannot create resource "serviceaccounts/token"'
    expect(answer).is_refused(message=(said, f'in the namespace "{namespace}"'))
