"""J11: kustomize-controller masks substituted Secret values in its log (since 1.9.6).

The API server repeats a value that it refuses, and the controller passes that on: to its log, which is the platform's
and often shipped elsewhere. F25 looks at the object's condition, this check at the log and at the version.
"""

from conformance.api import Capability, Control, Level, Scenario, check, describe, expect_that, given

FIXED = (1, 9, 6)


@check(
    "J11",
    level=Level.PROVISIONAL,
    control=Control.FIXED_VERSION,
    source="catalogue J11; kustomize-controller 1.9.6",
    signal="Ready=False/ReconciliationFailed, and no line of the log contains the value",
    needs=[Capability.FLUX_PROCESSES],
    unmutable="releases before the fix are the mutant: the row is reported there, and never judged",
)
def test_masked_values(scenario: Scenario) -> None:
    version = scenario.component_version("kustomize-controller")
    given(scenario["Kustomization/j11-good"]).becomes_ready()

    state = describe(given(scenario["Kustomization/j11-canary"]).is_judged(reason="ReconciliationFailed"))
    leaked = scenario.log_lines("kustomize-controller", "j11-canary-value")
    expect_that(
        version >= FIXED and not leaked,
        f"vulnerable version: kustomize-controller {'.'.join(map(str, version))} writes Secret values to its log",
        wanted=f"{'.'.join(map(str, FIXED))} or newer; no line with the value",
        observed=f"{len(leaked)} lines; {state}",
    )
