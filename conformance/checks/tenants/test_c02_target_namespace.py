"""C02: a tenant's Kustomization cannot move its objects into another tenant's namespace by spec.targetNamespace.

What is committed names no namespace at all; the Kustomization sends it to the victim's.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C02",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04"],
    source="catalogue C02; pkg/kustomize@v1.35.3/kustomize_generator.go, pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed, cannot patch resource "configmaps" in the namespace "shared-b"; '
    "the ConfigMap is absent",
)
def test_c02_target_namespace(scenario: Scenario) -> None:
    """Apply one ConfigMap to the tenant's own namespace, and to the victim's."""
    # Allowed path first: with the tenant's own namespace as target the same files are applied.
    given(scenario["Kustomization/c02-own"]).becomes_ready()

    foreign = scenario["Kustomization/c02-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    expect(foreign).is_denied(
        reason="ReconciliationFailed",
        message=(
            "ConfigMap/shared-b/c02-loot dry-run failed (Forbidden)",
            f'User "{user}" cannot patch resource "configmaps"',
            'in the namespace "shared-b"',
        ),
    )
    expect(foreign).leaves_no_trace("ConfigMap/c02-loot", namespace="shared-b")
