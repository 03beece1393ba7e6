"""C03: a tenant's Kustomization cannot apply cluster-wide objects.

Each of these kinds reaches every tenant: rights, kinds, admission, scheduling, storage.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, given

RESOURCES = {
    "ClusterRole": "clusterroles",
    "CustomResourceDefinition": "customresourcedefinitions",
    "ClusterRoleBinding": "clusterrolebindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "PriorityClass": "priorityclasses",
    "StorageClass": "storageclasses",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
}


@pytest.mark.parametrize("kind", RESOURCES)
@check(
    "C03",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04"],
    source="catalogue C03; pkg/runtime@v0.110.1/client/impersonator.go:230, pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed "dry-run failed (Forbidden)", "at the cluster scope"; '
    "the object is absent",
)
def test_c03_cluster_scoped(scenario: Scenario, kind: str) -> None:
    """Apply a ConfigMap, which the tenant may, and one cluster-wide object, which it may not."""
    # Allowed path first: the repository is fetched and built, and the tenant's own objects are applied.
    given(scenario["Kustomization/c03-own"]).becomes_ready()

    loot = scenario[f"Kustomization/c03-{kind.lower()}"]
    payload = "loots.c03.fluxtenancy.dev" if kind == "CustomResourceDefinition" else "c03-loot"
    user = scenario.platform.tenant_user("shared-a")
    expect(loot).is_denied(
        reason="ReconciliationFailed",
        message=(
            f"{kind}/{payload} dry-run failed (Forbidden)",
            f'User "{user}" cannot patch resource "{RESOURCES[kind]}"',
            "at the cluster scope",
        ),
    )
    expect(loot).leaves_no_trace(f"{kind}/{payload}")
