"""F10: a dependency does not tell a tenant what another tenant has.

Admitted, a dependency that is there and one that is not are answered differently. The guard refuses both, in the same
words.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, given_that

WORDS = "spec.dependsOn must stay within the namespace of the object"


@check(
    "F10",
    level=Level.HARDENED,
    control=Control.FLUX_GUARD,
    kills=["M15-flux"],
    source="catalogue F10, finding 6; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:583",
    signal='both 403 "spec.dependsOn must stay within the namespace of the object", alike but for the name; '
    "neither Kustomization is there",
)
def test_dependency_exists(scenario: Scenario) -> None:
    given_that(scenario["Kustomization/shared-b"].live(), "shared-b has no Kustomization shared-b")
    given(scenario["Kustomization/f10-own"].submit()).is_admitted()
    given(scenario["Kustomization/f10-own"]).becomes_ready()

    answers = [scenario[f"Kustomization/f10-{word}"].submit() for word in ("there", "absent")]
    for answer in answers:
        expect(answer).is_refused(message=(scenario.denial("guard_flux"), WORDS))
    there, absent = (answer.message for answer in answers)
    expect_that(
        there.replace("f10-there", "f10-absent") == absent,
        "the answers tell which dependency exists",
        wanted=absent,
        observed=there,
    )
