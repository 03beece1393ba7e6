"""B46: a tenant's object cannot depend on another tenant's.

--no-cross-namespace-refs does not cover dependsOn. The controller reads the other object with its own rights, and the
tenant sees by its own object's state what was found there.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B46",
    level=Level.HARDENED,
    control=Control.FLUX_GUARD,
    kills=["M15-flux"],
    source="catalogue B46, finding 6; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:568",
    signal='403 "spec.dependsOn must stay within the namespace of the object"; the object is absent',
)
@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease"])
def test_b46_foreign_dependency(scenario: Scenario, kind: str) -> None:
    """Submit an object that depends on one of the victim."""
    # Allowed path first: a dependency in the own namespace is admitted.
    given(scenario[f"{kind}/b46-own"].submit(dry_run=True)).is_admitted()

    answer = scenario[f"{kind}/b46-foreign"].submit()
    expect(answer).is_refused(message=(scenario.denial("guard_flux"), "spec.dependsOn must stay within"))
    expect(answer).leaves_no_trace(f"{kind}/b46-foreign", namespace="shared-a")
