"""C11: a chart of a tenant cannot read another tenant's Secret by Helm's lookup.

Templates run inside helm-controller. With its own rights, one line of a template would copy any Secret of the cluster
into the tenant's namespace.
"""

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given, given_that, pick


@check(
    "C11",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04"],
    source="catalogue C11; helm@v4.3.1/pkg/engine/lookup_func.go, "
    "helm-controller@v1.6.2/internal/reconcile/install.go:137",
    signal='Ready=False/InstallFailed, error calling lookup: secrets "canary" is forbidden; '
    "the copy keeps its own value",
)
def test_c11_chart_lookup(scenario: Scenario) -> None:
    """Copy the tenant's own canary into a ConfigMap, and the victim's."""
    # Allowed path first: lookup works, for the tenant's own Secret.
    given(scenario["HelmRelease/c11-own"]).becomes_ready()
    own = pick(scenario["shared-a", "Secret/canary"].live(), "data", "value")
    victim = pick(scenario["shared-b", "Secret/canary"].live(), "data", "value")
    given_that(own and victim and own != victim, "each tenant has a canary of its own")

    user = scenario.platform.tenant_user("shared-a")
    expect(scenario["HelmRelease/c11-foreign"]).is_denied(
        reason="InstallFailed",
        message=(
            'error calling lookup: secrets "canary" is forbidden',
            f'User "{user}" cannot get resource "secrets"',
            'in the namespace "shared-b"',
        ),
    )
    # The copy holds the tenant's own canary, and keeps it.
    copy = scenario["ConfigMap/c11-copy"]
    other = consistently(
        lambda: pick(copy.live(), "data", "value"),
        lambda value: value == own,
        for_s=scenario.platform.timeouts.hold_window,
    )
    expect_that(other is None, f"{copy.ref} changed", wanted="the tenant's own canary", observed="another value")
