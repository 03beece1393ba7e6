"""F12: a tenant cannot substitute values from another tenant's Secret.

kustomize-controller reads the Secrets of postBuild.substituteFrom with its own rights, not with the tenant's: that it
looks in no other namespace is all that keeps them apart.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "F12",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M34-substitute-any-namespace"],
    source="catalogue F12; pkg/kustomize@v1.35.3 kustomize_varsub.go:161",
    signal="Ready=False/BuildFailed \"substitute from 'Secret/f12-victim' error ... not found\"; "
    "the ConfigMap is absent",
)
def test_foreign_substitutes(scenario: Scenario) -> None:
    foreign = scenario["Kustomization/f12-foreign"]

    # The Secret names the ConfigMap: f12-own from the tenant's own, f12-loot from the victim's.
    given(scenario["Kustomization/f12-own"]).becomes_ready()
    given_that(scenario["Secret/f12-victim"].live(), "shared-b has no Secret f12-victim")

    expect(foreign).is_denied(reason="BuildFailed", message=("substitute from 'Secret/f12-victim' error", "not found"))
    expect(foreign).leaves_no_trace("ConfigMap/f12-loot", namespace="shared-a")

    # A namespace cannot be named either: the API has no such field.
    expect(scenario["Kustomization/f12-namespaced"].submit()).is_refused(
        status=400, message='unknown field "spec.postBuild.substituteFrom[0].namespace"'
    )
