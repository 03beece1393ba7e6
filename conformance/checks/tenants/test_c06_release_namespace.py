"""C06: a tenant's HelmRelease cannot install its release into another tenant's namespace by spec.targetNamespace.

The chart is harmless and names no namespace; the release sends all of it to the victim's.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C06",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C06; helm-controller@v1.6.2/internal/reconcile/install.go:137, "
    "helm@v4.3.1/pkg/action/validate.go:61",
    signal='Ready=False/InstallFailed "Helm install failed for release shared-b/shared-b-c06-foreign"; '
    "the ConfigMap is absent",
)
def test_c06_release_namespace(scenario: Scenario) -> None:
    """Install one chart into the tenant's own namespace, and into the victim's."""
    # Allowed path first: with the tenant's own namespace as target the same chart is installed.
    given(scenario["HelmRelease/c06-own"]).becomes_ready()

    foreign = scenario["HelmRelease/c06-foreign"]
    user = scenario.platform.tenant_user("shared-a")
    # Helm looks before it creates, so the verb is get.
    expect(foreign).is_denied(
        reason="InstallFailed",
        message=(
            "Helm install failed for release shared-b/shared-b-c06-foreign",
            f'User "{user}" cannot get resource "configmaps"',
            'in the namespace "shared-b"',
        ),
    )
    expect(foreign).leaves_no_trace("ConfigMap/c06-loot", namespace="shared-b")
