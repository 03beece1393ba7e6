"""B28: a tenant cannot have a lasting token made for the account that Flux impersonates.

A Secret of this type is filled with a token by Kubernetes. Mounted into a Pod that runs under another account, it
gives the Pod what B24 denies.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B28",
    level=Level.HARDENED,
    control=Control.TOKEN_GUARD,
    kills=["M15-satoken"],
    source="catalogue B28; kubernetes@v1.36.3/pkg/controller/serviceaccount/tokens_controller.go, syncSecret",
    signal='403 "Secrets of type kubernetes.io/service-account-token are not allowed"; the Secret is absent',
)
def test_b28_token_secret(scenario: Scenario) -> None:
    """Submit a Secret for a token of the account."""
    account = scenario.platform.service_account
    # Allowed path first: the tenant may make Secrets.
    given(scenario["Secret/b28-plain"].submit(dry_run=True)).is_admitted()

    named = {"metadata.annotations": {"kubernetes.io/service-account.name": account}}
    answer = scenario["Secret/b28-token"].with_fields(named).submit()
    expect(answer).is_refused(message=(scenario.denial("guard_satoken"), "service-account-token are not allowed"))
    expect(answer).leaves_no_trace("Secret/b28-token", namespace="shared-a")
