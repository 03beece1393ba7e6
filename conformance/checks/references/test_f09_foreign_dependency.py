"""F09: a tenant's Kustomization does not depend on another tenant's.

The controller reads a dependency with its own rights, and --no-cross-namespace-refs does not cover it; the guard of the
fleet does. Within the namespace dependencies work, with and without an expression.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F09",
    level=Level.HARDENED,
    control=Control.FLUX_GUARD,
    kills=["M15-flux"],
    source="catalogue F09, finding 6; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:569",
    signal='403 "spec.dependsOn must stay within the namespace of the object"; the Kustomization is absent',
)
def test_foreign_dependency(scenario: Scenario) -> None:
    given(scenario["shared-b", "Kustomization/f09-base"]).becomes_ready()
    given(scenario["Kustomization/f09-own"].submit()).is_admitted()
    given(scenario["Kustomization/f09-own"]).becomes_ready()

    expect(scenario["Kustomization/f09-foreign"].submit()).is_refused(
        message=(scenario.denial("guard_flux"), "spec.dependsOn must stay within the namespace of the object")
    )
