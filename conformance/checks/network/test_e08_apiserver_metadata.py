"""E08: a tenant's Pods reach neither the API server nor a node nor the cloud's metadata address.

The metadata address of a cloud hands out the node's credentials; API server and kubelet are the next step for whoever
holds a token. Nobody answers at the metadata address here, so there the policies alone decide.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows

KUBELET = 10250
METADATA = "169.254.169.254"


@check(
    "E08",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M11-netpol", "M80-egress-anywhere"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E08; fleet-repo/tenants/components/guardrails/network-policies.yaml, default-deny",
    signal="TIMEOUT or REFUSED at API server and kubelet, which a Pod without policies reaches at the same time",
)
def test_e08_apiserver_metadata(scenario: Scenario) -> None:
    """Knock at the API server's Service, at a kubelet and at the metadata address."""
    client, outsider = scenario["Pod/e08-client"], scenario["Pod/e08-outsider"]
    server = scenario.existing("Service/kubernetes", "default")
    nodes = scenario.node_addresses()
    expect_flows(
        scenario,
        given=[outsider.to(server, 443), *(outsider.to(node, KUBELET) for node in nodes)],
        denied=[
            client.to(server, 443),
            *(client.to(node, KUBELET) for node in nodes),
            client.to(METADATA, 80, answered=False),
        ],
    )
