"""C10: a tenant's HelmRelease cannot install cluster-wide rights.

Many published charts bring a ClusterRole; one that a tenant chose or wrote itself may grant anything.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C10",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C10; helm-controller@v1.6.2/internal/reconcile/install.go:137, "
    "helm@v4.3.1/pkg/action/validate.go:61",
    signal='Ready=False/InstallFailed "cannot get resource "clusterroles" … at the cluster scope"; it is absent',
)
def test_c10_chart_cluster_role(scenario: Scenario) -> None:
    """Install a chart with a ConfigMap, and one with a ClusterRole."""
    # Allowed path first: the repository answers, and a chart without cluster-wide objects is installed.
    given(scenario["HelmRelease/c10-own"]).becomes_ready()

    role = scenario["HelmRelease/c10-role"]
    user = scenario.platform.tenant_user("shared-a")
    # Helm looks before it creates, so the verb is get.
    expect(role).is_denied(
        reason="InstallFailed",
        message=(f'User "{user}" cannot get resource "clusterroles"', "at the cluster scope"),
    )
    expect(role).leaves_no_trace("ClusterRole/c10-loot")
