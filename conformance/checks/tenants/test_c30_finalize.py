"""C30: a Kustomization that a tenant deletes takes its objects away with the tenant's rights.

The last act of a Kustomization is to delete all that it ever applied. As the controller itself, that would be a way to
delete what the tenant may not touch any more.
"""

from conformance.api import (
    Capability,
    Control,
    Plane,
    Scenario,
    check,
    consistently,
    eventually,
    expect_none,
    expect_that,
    given,
)


@check(
    "C30",
    control=Control.IMPERSONATION,
    kills=["M03-kustomize", "M04", "M42-prune-as-controller"],
    needs=[Capability.FLUX_PROCESSES],
    source="catalogue C30; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:1226",
    signal='kustomize-controller logs "cannot delete resource "configmaps""; the ConfigMap stays',
)
def test_c30_finalize(scenario: Scenario) -> None:
    """Delete a Kustomization after the right to what it applied is gone."""
    applied, foreign = scenario["Kustomization/c30-applied"], scenario["ConfigMap/c30-foreign"]
    client = scenario.platform.client
    # Allowed path first: while the tenant has the right, the ConfigMap is applied.
    given(applied).becomes_ready()
    given(foreign).contains_wanted()
    try:
        client.delete_if_exists(scenario["RoleBinding/c30-for-a-while"].ref)
        given(scenario.delete(applied.ref, as_tenant="shared-a")).is_admitted()
        user = scenario.platform.tenant_user("shared-a")
        said = f'configmaps \\"c30-foreign\\" is forbidden: User \\"{user}\\" cannot delete'
        # A deleted Kustomization says no more: either the ConfigMap goes, or the log tells why not.
        eventually(
            lambda: scenario.log_lines("kustomize-controller", said) if foreign.live() else ["deleted"],
            bool,
            timeout_s=scenario.platform.timeouts.reconciled,
            interval_s=0.5,
            what="c30-applied is finalized, or is refused it",
        )
        missing = [] if foreign.live() else ["absent"]
        expect_none(scenario, missing, f"{foreign.ref} was deleted", wanted="it stays")
        scenario.audited(lambda e: e.refused and e.verb == "delete" and e.name == "c30-foreign", "forbidden delete")
        gone = consistently(foreign.live, bool, for_s=scenario.platform.timeouts.hold_window)
        expect_that(foreign.live() and not gone, f"{foreign.ref} was deleted", wanted="it stays", observed="absent")
        scenario.shown(Plane.ABSENCE)
    finally:
        client.patch_if_exists(applied.ref, {"spec": {"suspend": True}})
