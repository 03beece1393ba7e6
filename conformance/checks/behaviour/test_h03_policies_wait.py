"""H03: the policies count as applied only when the API server holds all of them.

Tenants wait for the Kustomization of policies. Without `wait` it is ready as soon as the objects were sent.
"""

from conformance.api import Control, Scenario, check, eventually, expect, expect_that, pick


@check(
    "H03",
    control=Control.POLICIES_FIRST,
    kills=["M70-no-wait"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#wait",
    source="catalogue H03; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:541",
    signal="spec.wait=true; Healthy=True and Ready=True",
)
def test_h03_policies_wait(scenario: Scenario) -> None:
    """Read the Kustomization's spec and conditions."""
    policies = scenario["Kustomization/policies"]
    expect(policies).contains_wanted()
    # Whatever generation they are of: the platform's Kustomizations are suspended while mutants live.
    states = eventually(
        lambda: {one["type"]: one["status"] for one in pick(policies.live(), "status", "conditions") or []},
        lambda found: found.get("Reconciling") != "True",
        timeout_s=scenario.platform.timeouts.reconciled,
        what=f"{policies.ref} is not being reconciled just now",
    )
    expect_that(
        states.get("Healthy") == "True",
        f"{policies.ref} did not find its objects healthy",
        wanted="Healthy=True",
        observed=str(states),
    )
