"""C31: a HelmRelease that a tenant deletes is uninstalled with the tenant's rights.

Helm deletes what the release's manifest names, which the tenant wrote. As the controller itself, that would be a way to
delete anything.
"""

from conformance.api import (
    Control,
    Plane,
    Scenario,
    check,
    consistently,
    describe,
    eventually,
    expect,
    expect_none,
    expect_that,
    given,
    pick,
)


@check(
    "C31",
    control=Control.IMPERSONATION,
    kills=["M03-helm", "M04", "M55-uninstall-as-controller"],
    source="catalogue C31; helm-controller@v1.6.2/internal/controller/helmrelease_controller.go:558, "
    "internal/reconcile/uninstall.go:180",
    signal='Ready=False/UninstallFailed, and the event "cannot delete resource "configmaps""; the ConfigMap stays',
)
def test_c31_uninstall(scenario: Scenario) -> None:
    """Delete a release after the right to what it installed is gone."""
    installed, foreign = scenario["HelmRelease/c31-installed"], scenario["ConfigMap/c31-foreign"]
    client = scenario.platform.client
    # Allowed path first: while the tenant has the right, the chart is installed.
    given(installed).becomes_ready()
    given(foreign).contains_wanted()
    uid = str(pick(foreign.live(), "metadata", "uid"))
    try:
        client.delete_if_exists(scenario["RoleBinding/c31-for-a-while"].ref)
        given(scenario.delete(installed.ref, as_tenant="shared-a")).is_admitted()
        # Either the ConfigMap goes, or the release says why not.
        eventually(
            lambda: foreign.live() is None or "UninstallFailed" in describe(installed.live()),
            bool,
            timeout_s=scenario.platform.timeouts.reconciled,
            what="c31-installed is uninstalled, or is refused it",
        )
        missing = [] if foreign.live() else ["absent"]
        expect_none(scenario, missing, f"{foreign.ref} was deleted", wanted="it stays")
        expect(installed).is_denied(reason="UninstallFailed", message="failed to delete release: c31-installed")
        # The condition does not say why; the event that comes with it has Helm's own log.
        user = scenario.platform.tenant_user("shared-a")
        said = f'User \\"{user}\\" cannot delete resource \\"configmaps\\"'
        eventually(
            lambda: scenario.events(installed.ref, said),
            bool,
            timeout_s=scenario.platform.timeouts.hold_window,
            what="an event says why",
        )
        scenario.audited(lambda e: e.refused and e.verb == "delete" and e.name == "c31-foreign", "forbidden delete")
        gone = consistently(
            lambda: str(pick(foreign.live(), "metadata", "uid")),
            lambda live: live == uid,
            for_s=scenario.platform.timeouts.hold_window,
        )
        expect_that(gone is None, f"{foreign.ref} was deleted", wanted=uid, observed=gone or "")
        scenario.shown(Plane.ABSENCE)
    finally:
        client.patch_if_exists(installed.ref, {"spec": {"suspend": True}})
