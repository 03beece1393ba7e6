"""C26: a tenant cannot weaken the network policies of its namespace.

Network policies add up: one that allows everything beside the platform's is enough to undo them all.
"""

from conformance.api import Control, Level, Ref, Scenario, check, expect, given, given_that


@check(
    "C26",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M04", "M14-role", "M14-unguarded"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue C26, trap T28; fleet-repo/policies/base/tenant-role.yaml",
    signal='403, cannot create or delete resource "networkpolicies" in the own namespace; c26-open is absent',
)
def test_c26_network_policy(scenario: Scenario) -> None:
    """Create a policy that allows everything, and delete those that deny, with the tenant's own token."""
    client, opened = scenario.platform.client, scenario["NetworkPolicy/c26-open"]
    found = [Ref.of(one) for one in client.objects("networking.k8s.io/v1", "NetworkPolicy", namespace="shared-a")]
    # Allowed path first: there are policies, the token reads them, and the new one is one that the server takes.
    given_that(found, "the namespace has network policies")
    given(opened.submit(as_platform=True, dry_run=True)).is_admitted()

    said = f'User "{scenario.platform.tenant_user("shared-a")}" cannot {{}} resource "networkpolicies"'
    created = scenario.create(opened.manifest, as_tenant="shared-a")
    expect(created).is_refused(message=(said.format("create"), 'in the namespace "shared-a"'))
    expect(created).leaves_no_trace("NetworkPolicy/c26-open", namespace="shared-a")
    for policy in found:
        given(scenario.get(policy, as_tenant="shared-a")).is_admitted()
        # A dry run, which rights decide alike: the policies stay in force for other checks.
        deleted = scenario.delete(policy, as_tenant="shared-a", dry_run=True)
        expect(deleted).is_refused(message=(said.format("delete"), 'in the namespace "shared-a"'))
