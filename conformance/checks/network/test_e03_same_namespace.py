"""E03: Pods of one tenant reach each other, by address and by Service.

A network that stops everything isolates everybody, and serves nobody.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows


@check(
    "E03",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M80-no-same-namespace"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E03; fleet-repo/tenants/components/guardrails/network-policies.yaml",
    signal="both connect",
)
def test_e03_same_namespace(scenario: Scenario) -> None:
    """Connect a tenant's Pod with its neighbour."""
    client = scenario["Pod/e03-client"]
    expect_flows(
        scenario, allowed=[client.to(scenario["Pod/e03-server"], 8080), client.to(scenario["Service/e03-server"], 80)]
    )
