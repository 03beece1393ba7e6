"""A07: the platform's sync may make what a tenant's may not: namespaces and rights.

A lockdown that also binds the platform has no tenants: their namespaces, roles and guardrails come by this sync.
"""

from conformance.api import Control, Scenario, check, expect


@check(
    "A07",
    control=Control.PLATFORM_SERVICE_ACCOUNT,
    kills=["M13"],
    source="catalogue A07; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:394",
    signal='Ready=True "Applied revision: …@sha1:<commit>"; namespace and RoleBinding are there',
)
def test_a07_platform_sync(scenario: Scenario) -> None:
    """Commit a namespace and a RoleBinding, and have them applied as the fleet's tenants are."""
    made = [scenario["Namespace/made-a07"], scenario["RoleBinding/made-a07"]]
    fleet = scenario.fleet_branch()
    fleet.write("tenants/made-a07.yaml", *(one.manifest for one in made))
    head = fleet.commit("add a namespace with rights")
    fleet.sync("tenants")

    expect(scenario["Kustomization/a07-tenants"]).becomes_ready(
        message=f"@{head}", timeout_s=scenario.platform.timeouts.reconciled
    )
    for one in made:
        expect(one).contains_wanted()
