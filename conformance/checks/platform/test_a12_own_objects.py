"""A12: a tenant's Kustomization that names no ServiceAccount applies the tenant's own objects.

The partner of A08: the default account must have rights in the tenant's namespace, or nothing of any tenant runs.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, pick


@check(
    "A12",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M20-binding"],
    source="catalogue A12; pkg/runtime@v0.110.1/client/impersonator.go:230",
    signal="Ready=True; the ConfigMap is there, and kustomize-controller manages its fields",
)
def test_a12_own_objects(scenario: Scenario) -> None:
    """Apply a ConfigMap, and look who manages it."""
    expect(scenario["Kustomization/a12-own"]).becomes_ready(timeout_s=scenario.platform.timeouts.reconciled)
    made = scenario["ConfigMap/a12-made"]
    expect(made).contains_wanted()
    managers = {entry["manager"] for entry in pick(made.live(), "metadata", "managedFields") or []}
    expect_that(
        "kustomize-controller" in managers,
        f"{made.ref} was not applied by Flux",
        wanted="field manager kustomize-controller",
        observed=", ".join(sorted(managers)),
    )
