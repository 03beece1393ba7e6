"""C29: what a tenant's Kustomization prunes it deletes with the tenant's rights.

An inventory outlives the rights under which it was written. Pruned by the controller itself, a commit would delete
what the tenant may not touch any more.
"""

from conformance.api import Control, Plane, Scenario, check, consistently, expect, expect_that, given, pick


@check(
    "C29",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04", "M42-prune-as-controller"],
    source="catalogue C29; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:504",
    signal='Ready=False/PruneFailed "cannot delete resource "configmaps" … in the namespace "c29-elsewhere""; it stays',
)
def test_c29_prune(scenario: Scenario) -> None:
    """Take a ConfigMap out of what is applied, after the right to it is gone."""
    both, foreign = scenario["Kustomization/c29-both"], scenario["ConfigMap/c29-foreign"]
    client = scenario.platform.client
    try:
        # Allowed path first: while the tenant has the right, the ConfigMap is applied.
        given(both).becomes_ready()
        given(foreign).contains_wanted()
        uid = str(pick(foreign.live(), "metadata", "uid"))
        client.delete_if_exists(scenario["RoleBinding/c29-for-a-while"].ref)

        without = {"spec": {"path": "./attacks/c29/own"}}
        given(scenario.patch(both.ref, without, as_tenant="shared-a")).is_admitted()
        user = scenario.platform.tenant_user("shared-a")
        expect(both).is_denied(
            reason="PruneFailed",
            message=(f'User "{user}" cannot delete resource "configmaps"', 'in the namespace "c29-elsewhere"'),
        )
        gone = consistently(
            lambda: str(pick(foreign.live(), "metadata", "uid")),
            lambda live: live == uid,
            for_s=scenario.platform.timeouts.hold_window,
        )
        expect_that(gone is None, f"{foreign.ref} was deleted", wanted=uid, observed=gone or "")
        scenario.shown(Plane.ABSENCE)
    finally:
        # What it may not delete would hold it for ever.
        client.patch_if_exists(both.ref, {"spec": {"suspend": True}})
