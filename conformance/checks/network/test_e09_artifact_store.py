"""E09: nobody outside of the controllers' namespace can fetch artifacts from source-controller.

The store asks for no credential and lists its folders: whoever reaches it reads every tenant's sources. The policy
around the controllers is the only barrier for Pods that their own namespace does not keep back.
"""

from conformance.api import Control, Scenario, check, expect_flows

ARTIFACTS = 9090
"""Port of the file server in the Pod."""


@check(
    "E09",
    control=Control.FLUX_NETWORK,
    kills=["M19", "M81-allow-egress-open", "M81-no-allow-egress", "M81-scraping-any-port"],
    spec="https://fluxcd.io/flux/flux-e2e/#security-considerations",
    source="catalogue E09; Flux 2.9.2's policies/allow-egress.yaml; source-controller@v1.9.3/main.go, startFileServer",
    signal="TIMEOUT or REFUSED at port 80 of the Service and 9090 of the Pod; a Pod beside the controllers connects",
)
def test_e09_artifact_store(scenario: Scenario) -> None:
    """Knock at the artifact store, as a Service and as a Pod."""
    flux = scenario.platform.flux_namespace
    store = scenario.existing("Service/source-controller", flux)
    pod = scenario.existing(f"Pod/{scenario.pods_with(flux, 'app=source-controller')[0]}", flux)
    neighbour, client, outsider = (scenario[f"Pod/e09-{name}"] for name in ("neighbour", "client", "outsider"))
    expect_flows(
        scenario,
        allowed=[neighbour.to(store, 80), neighbour.to(pod, ARTIFACTS)],
        denied=[sender.to(*target) for sender in (client, outsider) for target in ((store, 80), (pod, ARTIFACTS))],
    )
