"""A09: a tenant's HelmRelease that names no ServiceAccount installs with the rights of the tenant's own account.

The tenant leaves out one line, and installs a chart with a ClusterRole. With the controller's own rights it would be
made, and any chart of a permitted repository could take the cluster.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "A09",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-helm"],
    source="catalogue A09; helm-controller@v1.6.2/internal/kube/impersonate.go:36, internal/reconcile/install.go:158",
    signal='Ready=False/InstallFailed, cannot get resource "clusterroles"; the ClusterRole is absent',
)
def test_a09_default_account_helmrelease(scenario: Scenario) -> None:
    """Install a chart with a ConfigMap, which the tenant may, and one with a ClusterRole, which it may not."""
    # Allowed path first: the repository answers, and charts are installed without an account.
    given(scenario["HelmRelease/a09-own"]).becomes_ready()

    loot = scenario["HelmRelease/a09-loot"]
    user = scenario.platform.tenant_user("shared-a")
    # Helm looks before it creates, so the verb is get.
    expect(loot).is_denied(
        reason="InstallFailed",
        message=("clusterroles.rbac.authorization.k8s.io", f'User "{user}" cannot get resource "clusterroles"'),
    )
    expect(loot).leaves_no_trace("ClusterRole/a09-made")
