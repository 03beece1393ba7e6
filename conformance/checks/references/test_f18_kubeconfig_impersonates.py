"""F18: a kubeconfig does not take the place of the impersonation.

A tenant who comes by a strong credential of the same cluster still acts as the tenant's own account: the controller
impersonates through the kubeconfig too. Without a default account it would act as whoever the kubeconfig names.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F18",
    level=Level.CORE,
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-kustomize"],
    source="catalogue F18; pkg/runtime@v0.110.1 client/impersonator.go",
    signal='Ready=False/ReconciliationFailed "User \\"system:serviceaccount:f18-outside:flux\\" cannot patch"; '
    "the ConfigMap is absent",
)
def test_kubeconfig_impersonates(scenario: Scenario) -> None:
    own, foreign = scenario["Kustomization/f18-own"], scenario["Kustomization/f18-foreign"]

    kubeconfig = scenario.kubeconfig({"token": scenario.platform.client.token("f18-outside", "f18-admin")})
    given(scenario["Secret/f18-kubeconfig"].with_fields({"stringData.value": kubeconfig}).submit()).is_admitted()
    given(own.submit()).is_admitted()
    given(own).becomes_ready()
    given(foreign.submit()).is_admitted()

    expect(foreign).is_denied(
        reason="ReconciliationFailed",
        message=(f'User "{scenario.platform.tenant_user("f18-outside")}" cannot patch', 'in the namespace "shared-b"'),
    )
    expect(foreign).leaves_no_trace("ConfigMap/f18-remote-base", namespace="shared-b")
