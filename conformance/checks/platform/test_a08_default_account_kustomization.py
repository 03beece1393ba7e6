"""A08: a tenant's Kustomization that names no ServiceAccount applies with the rights of the tenant's own account.

The tenant leaves out one line, and commits a ClusterRole. With the controller's own rights it would be made.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "A08",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-kustomize"],
    source="catalogue A08; pkg/runtime@v0.110.1/client/impersonator.go:230, pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed "ClusterRole/a08-loot dry-run failed (Forbidden)"; '
    "the ClusterRole is absent",
)
def test_a08_default_account_kustomization(scenario: Scenario) -> None:
    """Apply a ConfigMap, which the tenant may, and a ClusterRole, which it may not."""
    # Allowed path first: without an account, the tenant's own objects are applied.
    given(scenario["Kustomization/a08-own"]).becomes_ready()

    loot = scenario["Kustomization/a08-loot"]
    user = scenario.platform.tenant_user("shared-a")
    expect(loot).is_denied(
        reason="ReconciliationFailed",
        message=(
            "ClusterRole/a08-loot dry-run failed (Forbidden)",
            f'User "{user}" cannot patch resource "clusterroles"',
        ),
    )
    expect(loot).leaves_no_trace("ClusterRole/a08-loot")
