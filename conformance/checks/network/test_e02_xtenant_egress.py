"""E02: a tenant's Pod cannot reach a Pod that no policy protects: the sender's own policy stops it.

Not everybody in a cluster has policies. What a tenant's Pods may reach is for the tenant's namespace to say.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows


@check(
    "E02",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M11-netpol", "M80-egress-anywhere"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E02; fleet-repo/tenants/components/guardrails/network-policies.yaml, default-deny",
    signal="TIMEOUT or REFUSED; a Pod without policies of its own connects at the same time",
)
def test_e02_xtenant_egress(scenario: Scenario) -> None:
    """Knock at an unprotected Pod, from a tenant and from elsewhere."""
    server = scenario["Pod/e02-server"]
    expect_flows(
        scenario,
        given=[scenario["Pod/e02-outsider"].to(server, 8080)],
        denied=[scenario["Pod/e02-client"].to(server, 8080)],
    )
