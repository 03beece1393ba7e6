"""A22: a ResourceSet that names no ServiceAccount has the rights of an account of its own namespace only.

Flux Operator runs as a cluster admin. Without --default-service-account it applies what a ResourceSet makes with its
own rights, for whoever may create one: a tenant would write into every namespace.
"""

from conformance.api import (
    Capability,
    Control,
    Scenario,
    check,
    consistently,
    expect,
    expect_that,
    given,
    pick,
    ref_to,
)

OWNER = "resourceset.fluxcd.controlplane.io/name"


@check(
    "A22",
    control=Control.OPERATOR_ACCOUNT,
    kills=["M18-account"],
    needs=[Capability.FLUX_OPERATOR],
    spec="https://fluxoperator.dev/docs/resourcesets/introduction/",
    source="catalogue A22; flux-operator@v0.59.0/internal/controller/resourceset_controller.go:1031",
    signal='Ready=False/ReconciliationFailed "system:serviceaccount:shared-a:flux-operator" cannot; owner a22-named',
)
def test_a22_resourceset_account(scenario: Scenario) -> None:
    """Make one ConfigMap by a ResourceSet with and without an account."""
    made = ref_to("ConfigMap/a22-made", "shared-a")
    # Allowed path first: inputs, template and target are fine when the account is named.
    named = scenario["ResourceSet/a22-named"].with_fields(
        {"spec.serviceAccountName": scenario.platform.service_account}
    )
    given(named.submit()).is_admitted()
    given(named).becomes_ready()
    forgotten = scenario["ResourceSet/a22-forgotten"]
    given(forgotten.submit()).is_admitted()

    user = f'User "system:serviceaccount:shared-a:{scenario.operator_account()}" cannot'
    expect(forgotten).is_denied(reason="ReconciliationFailed", message=("dry-run failed (Forbidden)", user))
    # Both would make the same object; whose label it bears says who did.
    taken = consistently(
        lambda: pick(scenario.platform.client.find(made), "metadata", "labels", OWNER),
        lambda owner: owner == "a22-named",
        for_s=scenario.platform.timeouts.hold_window,
    )
    expect_that(taken is None, f"{made} changed hands", wanted=f"{OWNER}=a22-named", observed=f"{OWNER}={taken}")
