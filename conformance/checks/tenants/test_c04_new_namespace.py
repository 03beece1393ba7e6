"""C04: a tenant's Kustomization cannot make a namespace.

A namespace of the tenant's own making bears no tenant label: no policy selects it, no quota bounds it.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C04",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04"],
    source="catalogue C04, trap T14; apiserver@v0.36.3/pkg/endpoints/request/requestinfo.go:193, "
    "pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed "Namespace/c04-loot dry-run failed (Forbidden)"; the Namespace is absent',
)
def test_c04_new_namespace(scenario: Scenario) -> None:
    """Apply a ConfigMap, which the tenant may, and a Namespace."""
    # Allowed path first: the repository is fetched and built, and the tenant's own objects are applied.
    given(scenario["Kustomization/c04-own"]).becomes_ready()

    namespace = scenario["Kustomization/c04-namespace"]
    user = scenario.platform.tenant_user("shared-a")
    # Of a Namespace the API server says "in the namespace", although it lies in none.
    expect(namespace).is_denied(
        reason="ReconciliationFailed",
        message=(
            "Namespace/c04-loot dry-run failed (Forbidden)",
            f'User "{user}" cannot patch resource "namespaces"',
            'in the namespace "c04-loot"',
        ),
    )
    expect(namespace).leaves_no_trace("Namespace/c04-loot")
