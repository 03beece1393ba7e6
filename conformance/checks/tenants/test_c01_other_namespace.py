"""C01: a tenant's Kustomization cannot apply an object into another tenant's namespace.

The tenant writes somebody else's namespace into the metadata of what it commits.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C01",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04"],
    source="catalogue C01; pkg/runtime@v0.110.1/client/impersonator.go:230, pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed, cannot patch resource "configmaps" in the namespace "shared-b"; '
    "the ConfigMap is absent",
)
def test_c01_other_namespace(scenario: Scenario) -> None:
    """Apply a ConfigMap in the tenant's own namespace, and one in the victim's."""
    # Allowed path first: what the tenant commits for its own namespace is applied.
    given(scenario["Kustomization/c01-own"]).becomes_ready()

    foreign = scenario["Kustomization/c01-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    expect(foreign).is_denied(
        reason="ReconciliationFailed",
        message=(
            "ConfigMap/shared-b/c01-loot dry-run failed (Forbidden)",
            f'User "{user}" cannot patch resource "configmaps"',
            'in the namespace "shared-b"',
        ),
    )
    expect(foreign).leaves_no_trace("ConfigMap/c01-loot", namespace="shared-b")
