"""C05: a tenant's HelmRelease cannot install an object into another tenant's namespace.

The chart's template sets the namespace itself, past the release's own.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C05",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C05; helm-controller@v1.6.2/internal/reconcile/install.go:137, "
    "helm@v4.3.1/pkg/action/validate.go:61",
    signal='Ready=False/InstallFailed "could not get information about the resource ConfigMap"; '
    "the ConfigMap is absent",
)
def test_c05_chart_other_namespace(scenario: Scenario) -> None:
    """Install a chart whose ConfigMap lies in the tenant's own namespace, and in the victim's."""
    # Allowed path first: the repository answers, and the same chart is installed for the tenant's own namespace.
    given(scenario["HelmRelease/c05-own"]).becomes_ready()

    foreign = scenario["HelmRelease/c05-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    # Helm looks before it creates, so the verb is get.
    expect(foreign).is_denied(
        reason="InstallFailed",
        message=(
            "could not get information about the resource ConfigMap",
            f'User "{user}" cannot get resource "configmaps"',
            'in the namespace "shared-b"',
        ),
    )
    expect(foreign).leaves_no_trace("ConfigMap/c05-loot", namespace="shared-b")
