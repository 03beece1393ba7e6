"""F26: labels of an owner do not hand an object over to it.

The labels that Flux writes on what it applies can be written by anybody. A platform that pruned by them would delete,
with its own rights, whatever a tenant points it at.
"""

from conformance.api import Control, Level, Scenario, check, consistently, expect_none, given, given_that, ref_to


@check(
    "F26",
    level=Level.CORE,
    control=Control.INVENTORY,
    kills=["M44-owner-by-label"],
    source="catalogue F26; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go, prune",
    signal="the platform's Kustomization prunes the object of its inventory; the labelled ConfigMap stays, unchanged",
)
def test_owner_labels(scenario: Scenario) -> None:
    client, timeouts = scenario.platform.client, scenario.platform.timeouts
    labelled, owner = scenario["ConfigMap/f26-labelled"], scenario["Kustomization/f26-platform"]
    before = labelled.live()
    given_that(before, "the tenant could not make its ConfigMap")

    # The platform's Kustomization makes an object, then another in its place: the first one is pruned.
    given(owner.submit()).is_admitted()
    given(owner).becomes_ready()
    given_that(client.find(ref_to("ConfigMap/f26-first-remote-base", "shared-a")), "the platform made no ConfigMap")
    client.patch(owner.ref, {"spec": {"namePrefix": "f26-second-"}})
    given(owner).becomes_ready()
    first = ref_to("ConfigMap/f26-first-remote-base", "shared-a")
    scenario.wait_gone(first)

    changed = consistently(lambda: labelled.live() == before, bool, for_s=timeouts.hold_window)
    touched = [] if changed is None else [labelled.live() or "not there"]
    expect_none(scenario, touched, f"{labelled.ref} was touched by the platform", wanted="there, unchanged")
