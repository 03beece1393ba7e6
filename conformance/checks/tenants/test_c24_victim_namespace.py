"""C24: a tenant cannot read, relabel or delete another tenant's namespace.

The labels are the victim's isolation, and the namespace is all that the victim has.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C24",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    source="catalogue C24, trap T14; apiserver@v0.36.3/pkg/endpoints/request/requestinfo.go:193",
    signal='403, cannot get, patch or delete resource "namespaces" in the namespace "shared-b"',
)
def test_c24_victim_namespace(scenario: Scenario) -> None:
    """Get, patch and delete the victim's Namespace with the attacker's token."""
    victim = scenario.existing("Namespace/shared-b", "")
    strip = {"metadata": {"labels": {scenario.platform.fleet.profile.tenant_label: None}}}
    # Allowed path first: the token works, the victim is there, and the patch is one that the server takes.
    given(scenario.get(scenario["shared-a", "ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    given(scenario["shared-b", "ConfigMap/tenant-live"]).contains_wanted()
    given(scenario.patch(victim.ref, strip, as_tenant="", dry_run=True)).is_admitted()

    # The victim serves other checks: what would harm it is asked for as a dry run, which rights decide alike.
    answers = {
        "get": scenario.get(victim.ref, as_tenant="shared-a"),
        "patch": scenario.patch(victim.ref, strip, as_tenant="shared-a", dry_run=True),
        "delete": scenario.delete(victim.ref, as_tenant="shared-a", dry_run=True),
    }
    user = scenario.platform.tenant_user("shared-a")
    for verb, answer in answers.items():
        said = f'User "{user}" cannot {verb} resource "namespaces"'
        expect(answer).is_refused(message=(said, 'in the namespace "shared-b"'))
