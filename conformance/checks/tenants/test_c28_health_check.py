"""C28: a health check of a tenant cannot look at another tenant's objects.

What it reports tells whether an object exists and how it fares. It is read as the tenant, not as the controller.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C28",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04", "M43-health-as-controller"],
    source="catalogue C28, trap T11; "
    "kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:1061, api/v1/kustomization_types.go",
    signal='Ready=False/HealthCheckFailed "cannot get resource "configmaps" … in the namespace "shared-b""',
    long=True,
)
def test_c28_health_check(scenario: Scenario) -> None:
    """Watch a ConfigMap in the tenant's own namespace, and in the victim's."""
    # Allowed path first: the tenant's own is found healthy, and the victim's is there.
    given(scenario["Kustomization/c28-own"]).becomes_ready()
    given(scenario["shared-b", "ConfigMap/kube-root-ca.crt"]).contains_wanted()

    user = scenario.platform.tenant_user("shared-a")
    expect(scenario["Kustomization/c28-foreign"]).is_denied(
        reason="HealthCheckFailed",
        message=(f'User "{user}" cannot get resource "configmaps"', 'in the namespace "shared-b"'),
    )
