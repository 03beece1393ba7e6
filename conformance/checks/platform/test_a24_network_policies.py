"""A24: network policies stand around the controllers, and close what they do not name.

source-controller serves every tenant's artifacts to whoever reaches it; the policy that selects all Pods of the
namespace lets in none but its neighbours.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, pick

INGRESS = {
    "allow-egress": [{"from": [{"podSelector": {}}]}],
    "allow-scraping": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}],
    "allow-webhooks": [{"from": [{"namespaceSelector": {}}]}],
}
"""Who may reach whom: neighbours everything, everybody the metrics, everybody the webhook receiver."""


@check(
    "A24",
    control=Control.FLUX_NETWORK,
    kills=["M19"],
    spec="https://fluxcd.io/flux/flux-e2e/#security-considerations",
    source="catalogue A24; Flux 2.9.2's policies/*.yaml",
    signal="allow-egress, allow-scraping and allow-webhooks are there, and admit what they are named after",
)
def test_a24_network_policies(scenario: Scenario) -> None:
    """Read the three policies."""
    for name, ingress in INGRESS.items():
        policy = scenario[f"NetworkPolicy/{name}"]
        expect(policy).contains_wanted()
        live = policy.live()
        selects = pick(live, "spec", "podSelector") or {}
        expect_that(
            pick(live, "spec", "ingress") == ingress
            and selects == pick(policy.manifest, "spec").get("podSelector", {}),
            f"{policy.ref} admits something else",
            wanted=f"ingress {ingress}",
            observed=f"podSelector {selects}, ingress {pick(live, 'spec', 'ingress')}",
        )
