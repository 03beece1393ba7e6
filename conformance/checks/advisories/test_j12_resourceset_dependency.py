"""J12: a ResourceSet's dependency does not reach another tenant's object.

A documented limit: the operator reads what dependsOn names with its own rights. Within the namespace it works.
"""

from conformance.api import Capability, Control, Level, Scenario, check, describe, expect_that, given


@check(
    "J12",
    level=Level.PROVISIONAL,
    control=Control.OPERATOR_DEPENDENCIES,
    needs=[Capability.FLUX_OPERATOR],
    source="catalogue J12; flux-operator@v0.59.0/internal/controller/resourceset_controller.go:305",
    signal="Ready=False",
    unmutable="no setting of the operator holds this, so none can be taken away",
)
def test_j12_resourceset_dependency(scenario: Scenario) -> None:
    """Let a ResourceSet depend on a ConfigMap of its own namespace, and on one of another."""
    given(scenario["ResourceSet/j12-own"]).becomes_ready()
    foreign = scenario["ResourceSet/j12-foreign"]
    given(foreign.submit()).is_admitted()
    # What it depends on is there: Ready=False, for whatever reason, is the denial.
    state = describe(given(foreign).is_judged(reason=""))
    expect_that("Ready=False" in state, "the dependency was answered", wanted="Ready=False", observed=state)
