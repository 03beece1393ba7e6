"""F14: a tenant cannot take Helm values from another tenant's Secret.

helm-controller reads valuesFrom with its own rights. What a chart gets for values it can write into any object of the
release.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F14",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M54-values-any-namespace"],
    source="catalogue F14; helm-controller@v1.6.2 internal/controller/helmrelease_controller.go, valuesFrom",
    signal="Ready=False/ValuesError \"could not resolve Secret chart values reference 'shared-a/f14-victim'\"; "
    "the ConfigMap is absent",
)
def test_foreign_values(scenario: Scenario) -> None:
    foreign = scenario["HelmRelease/f14-foreign"]

    given(scenario["shared-a", "OCIRepository/f14-chart"]).becomes_ready()
    given(scenario["HelmRelease/f14-victim"]).becomes_ready()

    expect(foreign).is_denied(
        reason="ValuesError", message="could not resolve Secret chart values reference 'shared-a/f14-victim'"
    )
    expect(foreign).leaves_no_trace("ConfigMap/f14-loot", namespace="shared-a")
