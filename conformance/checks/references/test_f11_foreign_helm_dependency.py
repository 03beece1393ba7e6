"""F11: a tenant's HelmRelease does not depend on another tenant's.

helm-controller reads dependencies with its own rights, as kustomize-controller does, and tells what it finds. The guard
refuses one that is there and one that is not, in the same words.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given

WORDS = "spec.dependsOn must stay within the namespace of the object"


@check(
    "F11",
    level=Level.HARDENED,
    control=Control.FLUX_GUARD,
    kills=["M15-flux"],
    source="catalogue F11, finding 6; helm-controller@v1.6.2 internal/controller/helmrelease_controller.go, "
    "checkDependencies",
    signal='both 403 "spec.dependsOn must stay within the namespace of the object", alike but for the name; '
    "neither HelmRelease is there",
)
def test_foreign_helm_dependency(scenario: Scenario) -> None:
    given(scenario["shared-b", "HelmRelease/f11-base"]).becomes_ready()
    given(scenario["HelmRelease/f11-own"].submit()).is_admitted()
    given(scenario["HelmRelease/f11-own"]).becomes_ready()

    answers = [scenario[f"HelmRelease/f11-{word}"].submit() for word in ("there", "absent")]
    for answer in answers:
        expect(answer).is_refused(message=(scenario.denial("guard_flux"), WORDS))
    there, absent = (answer.message for answer in answers)
    expect_that(
        there.replace("f11-there", "f11-absent") == absent,
        "the answers tell which dependency exists",
        wanted=absent,
        observed=there,
    )
