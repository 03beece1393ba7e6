"""H13: a tenant whose Kustomization is broken does not stop another tenant, nor the platform.

All tenants share one controller; what one commits must not be what the others wait for.
"""

import secrets

from conformance.api import Control, Scenario, check, consistently, expect, expect_that, given


@check(
    "H13",
    control=Control.TENANT_SYNC,
    kills=["M21-suspended"],
    source="catalogue H13; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:378",
    signal="one tenant at Ready=False/ArtifactFailed; "
    'the other at Ready=True "Applied revision: main@sha1:<the commit>"',
)
def test_h13_failure_isolation(scenario: Scenario) -> None:
    """Break one tenant, then commit as another."""
    platform = scenario.platform
    # The attack: a Kustomization that cannot be built.
    given(scenario["Kustomization/h13-broken"]).is_denied(
        reason="ArtifactFailed", message="kustomization path not found"
    )

    commit = scenario["ConfigMap/h13-commit"].with_fields({"data.value": secrets.token_hex(8)})
    with scenario.committed("h13-b", commit) as head:
        expect(scenario["Kustomization/h13-b"]).becomes_ready(
            message=f"Applied revision: main@sha1:{head}", timeout_s=platform.timeouts.reconciled
        )
        expect(commit).contains_wanted()
    unready = consistently(
        lambda: ", ".join(map(str, scenario.unready_syncs(platform.flux_namespace))),
        lambda names: not names,
        for_s=platform.timeouts.hold_window,
    )
    expect_that(not unready, "the platform's Kustomizations are not ready", wanted="Ready=True", observed=unready or "")
