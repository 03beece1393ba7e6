"""E05: the way to name resolution leads to the DNS server's port and nowhere else in kube-system.

A rule without ports, or for the whole namespace, opens the metrics and the health of everything that runs there.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows, given

METRICS = 9153
"""Where CoreDNS tells its metrics; anybody may ask."""


@check(
    "E05",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M11-netpol", "M80-egress-anywhere", "M80-dns-any-port", "M80-dns-any-pod"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E05; coredns@v1.14.5/plugin/metrics, which listens on 9153 by the Corefile of kubeadm",
    signal="TIMEOUT or REFUSED at other ports and Pods, which others reach at the same time",
)
def test_e05_dns_only(scenario: Scenario) -> None:
    """Knock at another port of the DNS server, and at another Pod beside it."""
    if scenario.has_dns:
        server = scenario.existing(f"Pod/{scenario.pods_with('kube-system', 'k8s-app=kube-dns')[0]}", "kube-system")
    else:
        server = scenario["Pod/e05-dns"]
        if scenario.may_submit:
            given(server.submit()).is_admitted()
    client, outsider, bystander = (scenario[f"Pod/e05-{name}"] for name in ("client", "outsider", "bystander"))
    expect_flows(
        scenario,
        given=[client.to(server, 53), outsider.to(server, METRICS), outsider.to(bystander, 8080)],
        denied=[
            client.to(server, METRICS),
            client.to(bystander, 8080),
            client.to(bystander, 53, answered=False),
        ],
    )
