"""E07: the shared ingress reaches the Pods that ask for it by a label, no others, and nobody else reaches those.

One rule for an ingress controller is the usual hole: without the label it opens every Pod of the tenant, and without
the namespace it opens them to everybody.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows


@check(
    "E07",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=[
        "M11-netpol",
        "M11-netpol-open",
        "M80-no-ingress",
        "M80-ingress-anywhere",
        "M80-ingress-any-pod",
        "M80-peers-anywhere",
        "M80-peers-existing",
    ],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E07; fleet-repo/tenants/components/guardrails/network-policies.yaml, allow-from-shared-ingress",
    signal="the ingress connects to the labelled Pod; TIMEOUT or REFUSED at the other, and from elsewhere",
)
def test_e07_ingress_namespace(scenario: Scenario) -> None:
    """Knock at a tenant's Pods from the ingress and from elsewhere."""
    ingress, outsider, neighbour = (scenario[f"Pod/e07-{name}"] for name in ("ingress", "outsider", "neighbour"))
    exposed, hidden = scenario["Pod/e07-exposed"], scenario["Pod/e07-hidden"]
    expect_flows(
        scenario,
        given=[neighbour.to(hidden, 8080)],
        allowed=[ingress.to(exposed, 8080)],
        denied=[ingress.to(hidden, 8080), outsider.to(exposed, 8080)],
    )
