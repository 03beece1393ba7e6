"""E06: a tenant's Pods cannot reach hosts outside of the cluster.

What leaves the cluster unseen may be anything. A fleet whose tenants must call out opens that by name in the tenant's
base; this one does not.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows

NOBODY = "203.0.113.10"
"""Of the addresses kept for documentation (RFC 5737): outside of every cluster, and nobody answers."""


@check(
    "E06",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M11-netpol", "M80-egress-anywhere"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E06; fleet-repo/tenants/components/guardrails/network-policies.yaml, default-deny",
    signal="TIMEOUT or REFUSED at a server outside, which a Pod without policies reaches at the same time",
)
def test_e06_internet(scenario: Scenario) -> None:
    """Knock at a server on this machine, outside of the cluster, and at an address of nobody."""
    client, outsider = scenario["Pod/e06-client"], scenario["Pod/e06-outsider"]
    host, port = scenario.outside("git")
    expect_flows(
        scenario,
        given=[outsider.to(host, port)],
        denied=[client.to(host, port), client.to(NOBODY, 443, answered=False)],
    )
