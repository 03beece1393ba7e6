"""A06: a Kustomization in the namespace of Flux that names no ServiceAccount gets no rights.

The namespace of Flux is no exception to --default-service-account. Were it one, whoever may create a Kustomization
there, or forgets one line of it, would apply with the rights of a cluster admin.
"""

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given, pick, ref_to

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "A06",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-kustomize"],
    source="catalogue A06; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:394",
    signal='Ready=False/ReconciliationFailed "dry-run failed (Forbidden)"; the ConfigMap keeps its owner a06-named',
)
def test_a06_platform_without_account(scenario: Scenario) -> None:
    """Apply one ConfigMap with and without an account."""
    platform = scenario.platform
    # Allowed path first: the source, the build and the target are fine when the account is named.
    given(scenario["Kustomization/a06-named"]).becomes_ready()

    user = platform.tenant_user(platform.flux_namespace)
    expect(scenario["Kustomization/a06-forgotten"]).is_denied(
        reason="ReconciliationFailed", message=("dry-run failed (Forbidden)", f'User "{user}" cannot patch resource')
    )
    # Both would make the same object; whose label it bears says who did.
    made = ref_to("ConfigMap/remote-base", "a06-target")
    taken = consistently(
        lambda: pick(platform.client.find(made), "metadata", "labels", OWNER),
        lambda owner: owner == "a06-named",
        for_s=platform.timeouts.hold_window,
    )
    expect_that(taken is None, f"{made} changed hands", wanted=f"{OWNER}=a06-named", observed=f"{OWNER}={taken}")
