"""G23: a chart's template does not look up names.

A template that resolves names tells the tenant of the platform's network, and carries what it knows to a name server of
the tenant's. The template function answers with nothing unless the controller's gate is open.
"""

from conformance.api import Control, Level, Scenario, check, expect_none, given, given_that, pick, ref_to


@check(
    "G23",
    level=Level.CORE,
    control=Control.FEATURE_GATES,
    kills=["M74-dns-lookups-helm"],
    source="catalogue G23; helm-controller@v1.6.2 internal/features/features.go, AllowDNSLookups",
    signal="Ready=True, and the ConfigMap's address is empty",
)
def test_dns_lookup(scenario: Scenario) -> None:
    given(scenario["HelmRelease/g23-dns"]).becomes_ready()

    written = scenario.platform.client.find(ref_to("ConfigMap/g23-dns", "shared-a"))
    scenario.evidence.record("object", "ConfigMap/g23-dns", written or "not there\n")
    given_that(written, "the chart wrote no ConfigMap")
    address = pick(written, "data", "address")
    resolved = [] if address == "" else [address]
    expect_none(scenario, resolved, "the template resolved a name", wanted="an empty address")
