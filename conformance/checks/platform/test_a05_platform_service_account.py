"""A05: every Kustomization that the platform's own sync made runs under the ServiceAccount kustomize-controller.

Under --default-service-account one that names no account runs as a tenant's would, without rights: the next change of
policies or tenants is then not applied, and nobody who reads Git sees that the guardrails stay old.
"""

from conformance.api import Control, Scenario, check, expect, expect_none, given_that, pick

KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1"
ACCOUNT = "kustomize-controller"


@check(
    "A05",
    control=Control.PLATFORM_SERVICE_ACCOUNT,
    kills=["M13"],
    source="catalogue A05; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:394",
    signal="spec.serviceAccountName: kustomize-controller on each Kustomization of the platform",
)
def test_a05_platform_service_account(scenario: Scenario) -> None:
    """Read every Kustomization in the namespace of Flux that bears the sync's label."""
    platform = scenario.platform
    expect(scenario[f"Kustomization/{platform.flux_namespace}"]).contains_wanted()

    # The label leaves out what other checks plant beside them.
    made_by_sync = f"kustomize.toolkit.fluxcd.io/namespace={platform.flux_namespace}"
    found = platform.client.objects(
        KUSTOMIZATION, "Kustomization", namespace=platform.flux_namespace, labels=made_by_sync
    )
    accounts = {one["metadata"]["name"]: pick(one, "spec", "serviceAccountName") for one in found}
    scenario.evidence.record("object", "service accounts of the platform's Kustomizations", accounts)
    given_that(set(accounts) - {platform.flux_namespace}, "the platform's sync has made no Kustomization")
    wrong = {name: account for name, account in accounts.items() if account != ACCOUNT}
    expect_none(
        scenario,
        wrong,
        "Kustomizations of the platform run under another account",
        wanted=f"serviceAccountName={ACCOUNT} on each",
        observed=", ".join(f"{name}: {account or 'absent'}" for name, account in wrong.items()),
    )
