"""E12: kustomize-controller reaches the API server, DNS and the other controllers, and no host of a tenant's choice.

A kustomization.yaml may name files on any server, and no flag stops that (G02). This controller fetches them, so its
egress is the one control. Flux's own policy allows all egress, and policies only add up: the fleet narrows that one.
"""

from conformance.api import Control, Level, Scenario, check, expect_flows

NEIGHBOURS = ("source", "notification")
NOBODY = "203.0.113.10"
"""Of the addresses kept for documentation (RFC 5737): outside of every cluster, and nobody answers."""
API_SERVER = "10.0.0.1"
"""Where no controller runs as a Pod: an address such as API servers have."""


@check(
    "E12",
    level=Level.HARDENED,
    control=Control.CONTROLLER_EGRESS,
    kills=[
        "M19",
        "M81-no-allow-egress",
        "M81-egress-published",
        "M81-no-controller-egress",
        "M81-controller-egress-anywhere",
    ],
    spec="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    source="catalogue E12, finding 3; kustomize api v0.21.1, internal/loader/fileloader.go, httpClientGetContent",
    signal="TIMEOUT or REFUSED at servers in and outside of the cluster, which another Pod reaches at the same time",
)
def test_e12_controller_egress(scenario: Scenario) -> None:
    """Knock at servers of a tenant's choice, and at those that the controller needs, with its labels."""
    flux = scenario.platform.flux_namespace
    controller, server, outsider = (scenario[f"Pod/e12-{name}"] for name in ("controller", "server", "outsider"))
    host, port = scenario.outside("registry")
    needed = [controller.to(scenario.existing(f"Service/{name}-controller", flux), 80) for name in NEIGHBOURS]
    if scenario.has_dns:
        needed.append(controller.to(scenario.existing("Service/kubernetes", "default"), 443))
        needed.append(controller.to(scenario.existing("Service/kube-dns", "kube-system"), 53))
    else:
        needed.append(controller.to(API_SERVER, 6443))
    expect_flows(
        scenario,
        given=[outsider.to(server, 8080), outsider.to(host, port)],
        allowed=needed,
        denied=[controller.to(server, 8080), controller.to(host, port), controller.to(NOBODY, 80, answered=False)],
    )
