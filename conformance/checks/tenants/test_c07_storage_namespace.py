"""C07: a tenant's HelmRelease cannot keep its release in another tenant's namespace by spec.storageNamespace.

Helm keeps releases in Secrets. To find its own it lists those of the namespace, and so would read the victim's.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C07",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C07; helm-controller@v1.6.2/internal/reconcile/state.go:97, "
    "internal/reconcile/atomic_release.go:195",
    signal='Ready=False/StateError "failed to retrieve last release from storage"; the release\'s Secret is absent',
)
def test_c07_storage_namespace(scenario: Scenario) -> None:
    """Keep a release in the tenant's own namespace, and in the victim's."""
    # Allowed path first: with the tenant's own namespace as storage the same chart is installed.
    given(scenario["HelmRelease/c07-own"]).becomes_ready()

    foreign = scenario["HelmRelease/c07-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    expect(foreign).is_denied(
        reason="StateError",
        message=(
            "failed to retrieve last release from storage",
            f'User "{user}" cannot list resource "secrets"',
            'in the namespace "shared-b"',
        ),
    )
    expect(foreign).leaves_no_trace("Secret/sh.helm.release.v1.c07-foreign.v1", namespace="shared-b")
