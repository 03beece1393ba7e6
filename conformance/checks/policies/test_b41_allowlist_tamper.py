"""B41: a tenant can neither read nor change the allowlist.

Whoever writes that ConfigMap decides what all tenants may fetch.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, given, ref_to


@check(
    "B41",
    control=Control.TENANT_ROLE,
    kills=["M04"],
    source="catalogue B41; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go",
    signal='403 "cannot get resource "configmaps"" and "cannot patch resource "configmaps""; the list is the same',
)
def test_b41_allowlist_tamper(scenario: Scenario) -> None:
    """Read the ConfigMap and patch it, with the tenant's token."""
    platform = scenario.platform
    named = platform.fleet.profile.allowlist
    ref = ref_to(f"ConfigMap/{named.name}", named.namespace)
    before = platform.client.get(ref)["data"]
    # Allowed path first: the token reads ConfigMaps of its own, and the patch is one that the platform may send.
    given(scenario.get(scenario["ConfigMap/b41-own"].ref, as_tenant="shared-a")).is_admitted()
    wider = {"data": {named.key: "http"}}
    given(scenario.patch(ref, wider, as_tenant="", dry_run=True)).is_admitted()

    user = platform.tenant_user("shared-a")
    where = f'in the namespace "{named.namespace}"'
    # Dry-runs: rights decide alike, and a list that was widened would be everybody's.
    reading = scenario.get(ref, as_tenant="shared-a")
    expect(reading).is_refused(message=(f'User "{user}" cannot get resource "configmaps"', where))
    writing = scenario.patch(ref, wider, as_tenant="shared-a", dry_run=True)
    expect(writing).is_refused(message=(f'User "{user}" cannot patch resource "configmaps"', where))
    after = platform.client.get(ref)["data"]
    expect_that(after == before, f"{ref} was changed", wanted=str(before), observed=str(after))
