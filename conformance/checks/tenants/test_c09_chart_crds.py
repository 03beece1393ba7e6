"""C09: a tenant's HelmRelease cannot install CustomResourceDefinitions.

Helm applies a chart's crds folder before its templates; a kind that a tenant brings is there for the whole cluster,
and may take the place of one that others use.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "C09",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C09; helm-controller@v1.6.2/internal/action/install.go:62, internal/action/crds.go:131",
    signal='Ready=False/InstallFailed "failed to apply CustomResourceDefinitions"; '
    "the CustomResourceDefinition is absent",
)
def test_c09_chart_crds(scenario: Scenario) -> None:
    """Install a chart without its kinds, and with them."""
    # Allowed path first: the same chart is installed when its kinds are skipped.
    given(scenario["HelmRelease/c09-own"]).becomes_ready()

    crds = scenario["HelmRelease/c09-crds"]
    user = scenario.platform.tenant_user("shared-a")
    expect(crds).is_denied(
        reason="InstallFailed",
        message=(
            "failed to apply CustomResourceDefinitions",
            f'User "{user}" cannot',
            '"customresourcedefinitions"',
            "at the cluster scope",
        ),
    )
    expect(crds).leaves_no_trace("CustomResourceDefinition/canaries.canary.fluxtenancy.dev")
