"""E04: a tenant's Pods can resolve names, over UDP and over TCP.

Without names nothing works, and the usual repair is to open everything. The label of the DNS server's Pods differs
between distributions: a policy that names another one closes DNS without a word.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows, given


@check(
    "E04",
    level=Level.HARDENED,
    control=Control.TENANT_NETWORK,
    kills=["M80-no-same-namespace", "M80-no-dns"],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E04; fleet-repo/tenants/components/guardrails/network-policies.yaml",
    signal="kubernetes.default is resolved (UDP 53); kube-dns takes a connection (TCP 53)",
)
def test_e04_dns(scenario: Scenario) -> None:
    """Resolve a name from a tenant's Pod, and connect to the DNS server."""
    dns = scenario.existing("Service/kube-dns", "kube-system")
    if not scenario.has_dns:
        dns = scenario["Pod/e04-dns"]
        if scenario.may_submit:
            given(dns.submit()).is_admitted()
    client = scenario["Pod/e04-client"]
    expect_flows(scenario, allowed=[client.to(dns, 53, "UDP"), client.to(dns, 53)])
