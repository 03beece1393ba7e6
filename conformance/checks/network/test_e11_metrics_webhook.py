"""E11: metrics of the controllers and the receiver of webhooks are reachable from other namespaces, as published.

Prometheus and an ingress need them. Metrics tell the names of all tenants' objects: a fleet that does not want that
closes them, and this row then says so without judging it.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows

METRICS = 8080


@check(
    "E11",
    level=Level.PROVISIONAL,
    control=Control.FLUX_NETWORK,
    kills=["M81-no-scraping", "M81-no-webhooks"],
    spec="https://fluxcd.io/flux/flux-e2e/#security-considerations",
    source="catalogue E11; Flux 2.9.2's policies/allow-scraping.yaml and allow-webhooks.yaml",
    signal="every port 8080, and 80 of webhook-receiver, takes a connection",
)
def test_e11_metrics_webhook(scenario: Scenario) -> None:
    """Connect to each controller that is installed, and to the receiver."""
    flux = scenario.platform.flux_namespace
    outsider = scenario["Pod/e11-outsider"]
    pods = scenario.pods_with(flux, "app.kubernetes.io/part-of=flux")
    receiver = scenario.existing("Service/webhook-receiver", flux)
    metrics = [outsider.to(scenario.existing(f"Pod/{name}", flux), METRICS) for name in pods]
    expect_flows(scenario, allowed=[*metrics, outsider.to(receiver, 80)])
