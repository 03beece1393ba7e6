"""H11: a tenant that is taken out of the fleet leaves nothing behind, and the others stay.

What stays of a tenant that left still has its rights, and nobody looks at it any more.
"""

from conformance.api import Control, Scenario, check, expect, expect_none, expect_that, given, object_until, pick


@check(
    "H11",
    control=Control.PRUNE,
    kills=["M70-no-prune"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    source="catalogue H11; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:1248",
    signal="the namespace is gone, and with it all finalizers; the other tenant is Ready=True and has its ConfigMap",
    long=True,
)
def test_h11_offboarding(scenario: Scenario) -> None:
    """Bring in two tenants by a branch of the fleet, and take one out again."""
    given(scenario["Kustomization/shared-a"]).contains_wanted()
    platform, tenants = scenario.platform, scenario["Kustomization/h11-tenants"]
    fleet = scenario.fleet_branch()
    for word in ("leaves", "stays"):
        fleet.write_tenant(f"h11-{word}", like="shared-a", path=f"./attacks/h11/{word}")
    fleet.commit("add two tenants")
    fleet.sync("tenants")
    for name in ("h11-leaves", "h11-stays"):
        fleet.welcome(name)
        given(scenario.existing(f"Kustomization/{name}", name)).becomes_ready()

    fleet.remove_tenant("h11-leaves")
    head = fleet.commit("take a tenant out")
    given(tenants).becomes_ready(message=f"@{head}", timeout_s=platform.timeouts.reconciled)
    fleet.tenants_made()
    leaving = scenario["Namespace/h11-leaves"].ref
    # Ready at that commit comes after pruning: by now the namespace is on its way out, or stays.
    state, going = object_until(
        platform.client,
        leaving,
        lambda s: s is None or pick(s, "metadata", "deletionTimestamp"),
        timeout_s=platform.timeouts.hold_window,
    )
    stays = [] if going else [state]
    expect_none(scenario, stays, f"{leaving} was taken out of the fleet and stays", wanted="absent")
    # It goes after all that lies in it, finalizers included.
    scenario.wait_gone(leaving)
    expect(scenario.existing("Kustomization/h11-stays", "h11-stays")).becomes_ready()
    expect_that(
        scenario.existing("ConfigMap/h11-made", "h11-stays").live(),
        "h11-made is gone",
        wanted="present",
        observed="absent",
    )
