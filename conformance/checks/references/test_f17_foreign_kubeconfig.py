"""F17: a Kustomization does not take a kubeconfig from another namespace.

The controller reads the Secret of spec.kubeConfig with its own rights. Tenants may not set the field at all; where it
may be set, only Secrets of the own namespace count.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "F17",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M38-kubeconfig-any-namespace"],
    source="catalogue F17; pkg/runtime@v0.110.1 client/impersonator.go:193",
    signal='Ready=False/ReconciliationFailed "secrets \\"f17-victim\\" not found"; nothing in the inventory, and the '
    "controller's log says of nothing that it was applied",
    needs=[Capability.FLUX_PROCESSES],
)
def test_foreign_kubeconfig(scenario: Scenario) -> None:
    own, foreign = scenario["Kustomization/f17-own"], scenario["Kustomization/f17-foreign"]

    kubeconfig = scenario.kubeconfig({"token": scenario.platform.client.token("f17-outside", "f17-remote")})
    for secret in ("f17-own", "f17-victim"):
        given(scenario[f"Secret/{secret}"].with_fields({"stringData.value": kubeconfig}).submit()).is_admitted()
    given(own.submit()).is_admitted()
    given(own).becomes_ready()
    given(foreign.submit()).is_admitted()

    denied = expect(foreign).is_denied(reason="ReconciliationFailed", message='secrets "f17-victim" not found')
    inventory = pick(denied, "status", "inventory")
    expect_that(not inventory, f"{foreign.ref} applied objects", wanted="no inventory", observed=str(inventory))
    lines = scenario.log_lines("kustomize-controller", '"name":"f17-foreign"')
    applied = [line for line in lines if "server-side apply" in line]
    expect_that(not applied, f"{foreign.ref} applied objects", wanted="no line of it", observed=str(applied))
