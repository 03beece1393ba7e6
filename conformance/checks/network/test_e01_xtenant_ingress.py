"""E01: a tenant's Pod cannot reach another tenant's, neither by its address nor by its Service.

Without a policy that selects it a Pod takes connections from the whole cluster. The victim's side must hold by itself:
not every sender lives in a namespace that keeps its Pods back.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows


@check(
    "E01",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M11-netpol", "M11-netpol-open", "M80-peers-anywhere", "M80-peers-existing"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E01; fleet-repo/tenants/components/guardrails/network-policies.yaml, default-deny",
    signal="TIMEOUT or REFUSED; a neighbour of the victim connects at the same time",
)
def test_e01_xtenant_ingress(scenario: Scenario) -> None:
    """Knock at the victim's Pod and Service from another tenant and from a namespace without policies."""
    server, service = scenario["Pod/e01-server"], scenario["Service/e01-server"]
    neighbour, client, outsider = (scenario[f"Pod/e01-{name}"] for name in ("neighbour", "client", "outsider"))
    expect_flows(
        scenario,
        given=[neighbour.to(server, 8080), neighbour.to(service, 80)],
        denied=[client.to(server, 8080), client.to(service, 80), outsider.to(server, 8080), outsider.to(service, 80)],
    )
