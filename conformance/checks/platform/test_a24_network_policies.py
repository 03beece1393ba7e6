"""A24: network policies stand around the controllers, and close what they do not name.

source-controller serves every tenant's artifacts to whoever reaches it; the policy that selects all Pods of the
namespace lets in none but its neighbours.
"""

from conformance.api import Control, Scenario, check, expect, expect_none, pick

INGRESS = {
    "allow-egress": [{"from": [{"podSelector": {}}]}],
    "allow-scraping": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}],
    "allow-webhooks": [{"from": [{"namespaceSelector": {}}]}],
}
"""Who may reach whom: neighbours everything, everybody the metrics, everybody the webhook receiver."""
NARROWED = {"allow-webhooks"}
"""Published without a port, which opens the events API too (E10): a fleet may name some."""


@check(
    "A24",
    control=Control.FLUX_NETWORK,
    kills=[
        "M19",
        "M81-no-allow-egress",
        "M81-no-scraping",
        "M81-no-webhooks",
        "M81-allow-egress-open",
        "M81-scraping-any-port",
    ],
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
        admitted = pick(live, "spec", "ingress")
        if name in NARROWED:
            admitted = [{key: value for key, value in rule.items() if key != "ports"} for rule in admitted or []]
        selects = pick(live, "spec", "podSelector") or {}
        as_wanted = admitted == ingress and selects == pick(policy.manifest, "spec").get("podSelector", {})
        other = [] if as_wanted else [f"podSelector {selects}, ingress {pick(live, 'spec', 'ingress')}"]
        expect_none(scenario, other, f"{policy.ref} admits something else", wanted=f"ingress {ingress}")
