"""F25: the value of a Secret does not show in the conditions of the Kustomization that substitutes it.

The API server repeats a value that it refuses. Conditions are read by more people than Secrets are, so that
kustomize-controller masks substituted values from 1.9.6 on.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_that, given

MASKED_FROM = (1, 9, 6)


@check(
    "F25",
    level=Level.PROVISIONAL,
    control=Control.SECRET_MASKING,
    source="catalogue F25; kustomize-controller 1.9.6",
    signal="Ready=False/ReconciliationFailed without the value; the Service is absent",
    unmutable="it is a matter of the release, and no setting takes the masking away",
)
def test_secret_in_conditions(scenario: Scenario) -> None:
    refused = scenario["Kustomization/f25-canary"]

    given(scenario["Kustomization/f25-good"]).becomes_ready()

    said = describe(given(refused).is_judged(reason="ReconciliationFailed"))
    version = scenario.component_version("kustomize-controller")
    name = f"kustomize-controller {'.'.join(map(str, version))}"
    expect_that(
        "f25-canary-value" not in said,
        f"vulnerable version: {name}" if version < MASKED_FROM else f"{name} shows the value of a Secret",
        wanted="the value is masked",
        observed=said,
    )
    expect(refused).is_denied(reason="ReconciliationFailed", message="is invalid")
    expect(refused).leaves_no_trace("Service/f25-refused", namespace="shared-a")
