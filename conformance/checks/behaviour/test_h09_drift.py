"""H09: what is changed in the cluster goes back to what the tenant's repository says.

Git is the record of what runs; an edit that stays is one that nobody reviewed.
"""

from conformance.api import Control, Scenario, check, expect, given, object_until, pick


@check(
    "H09",
    control=Control.TENANT_SYNC,
    kills=["M21-suspended"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/",
    source="catalogue H09; pkg/ssa@v0.76.1/manager_apply.go:206",
    signal="the ConfigMap has the value that Git holds, after one reconciliation",
)
def test_h09_drift(scenario: Scenario) -> None:
    """Edit a ConfigMap that Git holds, and ask for a reconciliation."""
    platform, live = scenario.platform, scenario["ConfigMap/tenant-live"]
    given(live).contains_wanted()
    wanted = pick(live.manifest, "data", "tenant")
    try:
        given(scenario.patch(live.ref, {"data": {"tenant": "drifted"}}, as_tenant="")).is_admitted()
        scenario.request_reconcile(scenario["Kustomization/h09-a"].ref)
        object_until(
            platform.client,
            live.ref,
            lambda state: bool(pick(state, "data", "tenant") == wanted),
            timeout_s=platform.timeouts.reconciled,
        )
        expect(live).contains_wanted()
    finally:
        platform.client.patch(live.ref, {"data": {"tenant": wanted}})
