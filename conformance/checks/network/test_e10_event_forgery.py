"""E10: nobody outside of the controllers' namespace can send events to notification-controller.

The events API asks for no credential: the policies around the controllers are the only barrier.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows

EVENTS = 9090
"""Port of the events API in the Pod."""


@check(
    "E10",
    level=Level.HARDENED,
    control=Control.FLUX_NETWORK,
    kills=["M19", "M81-allow-egress-open", "M81-no-allow-egress", "M81-scraping-any-port", "M81-webhooks-any-port"],
    spec="https://fluxcd.io/flux/flux-e2e/#security-considerations",
    source="catalogue E10; Flux 2.9.2's policies/allow-webhooks.yaml; notification-controller@v1.9.2/main.go",
    signal="TIMEOUT or REFUSED at port 80 of the Service and 9090 of the Pod; a Pod beside the controllers connects",
)
def test_e10_event_forgery(scenario: Scenario) -> None:
    """Knock at the events API, as a Service and as a Pod."""
    flux = scenario.platform.flux_namespace
    events = scenario.existing("Service/notification-controller", flux)
    pod = scenario.existing(f"Pod/{scenario.pods_with(flux, 'app=notification-controller')[0]}", flux)
    neighbour, client, outsider = (scenario[f"Pod/e10-{name}"] for name in ("neighbour", "client", "outsider"))
    expect_flows(
        scenario,
        allowed=[neighbour.to(events, 80), neighbour.to(pod, EVENTS)],
        denied=[sender.to(*target) for sender in (client, outsider) for target in ((events, 80), (pod, EVENTS))],
    )
