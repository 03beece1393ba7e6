"""A10: the ServiceAccount that a tenant names is one of its own namespace, never that of the same name elsewhere.

In the namespace of Flux an account kustomize-controller may do everything. A tenant may write its name; were it looked
for anywhere else, the tenant would own the cluster.
"""

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given, pick, ref_to

OWNER = "kustomize.toolkit.fluxcd.io/name"


@check(
    "A10",
    control=Control.IMPERSONATION,
    kills=["M39-account-any-namespace", "M72-named-accounts"],
    source="catalogue A10; pkg/runtime@v0.110.1/client/impersonator.go:230",
    signal='Ready=False/ReconciliationFailed \'User "system:serviceaccount:shared-a:kustomize-controller" cannot '
    "patch'; the ConfigMap does not change hands",
)
def test_a10_local_account(scenario: Scenario) -> None:
    """Apply one ConfigMap with the tenant's own account and with the other."""
    # Allowed path first: source, path and ConfigMap are fine.
    given(scenario["Kustomization/a10-own"]).becomes_ready()

    made = ref_to("ConfigMap/a10-made", "shared-a")
    expect(scenario["Kustomization/a10-foreign"]).is_denied(
        reason="ReconciliationFailed",
        message=(
            "ConfigMap/shared-a/a10-made dry-run failed (Forbidden)",
            'User "system:serviceaccount:shared-a:kustomize-controller" cannot patch resource "configmaps"',
        ),
    )
    # Both would make the same object; whose label it bears says who did.
    owner = consistently(
        lambda: pick(scenario.platform.client.find(made), "metadata", "labels", OWNER),
        lambda name: name == "a10-own",
        for_s=scenario.platform.timeouts.hold_window,
    )
    expect_that(owner is None, f"{made} changed hands", wanted=f"{OWNER}=a10-own", observed=f"{OWNER}={owner}")
