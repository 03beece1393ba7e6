"""F04: a denied reference does not tell a tenant whether the source exists.

The controller may read every source. If it looked before it judged, the two answers would tell one tenant what another
one has.
"""

from conformance.api import Control, Level, Scenario, check, condition, expect, expect_none, given


@check(
    "F04",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-kustomize", "M45-existence-first"],
    source="catalogue F04; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:680",
    signal='both Ready=False/AccessDenied "cross-namespace references have been blocked", alike but for the name',
)
def test_hidden_source(scenario: Scenario) -> None:
    there, absent = scenario["Kustomization/f04-there"], scenario["Kustomization/f04-absent"]

    given(scenario["Kustomization/f04-victim"]).becomes_ready()

    words = "cross-namespace references have been blocked"
    first = condition(expect(there).is_denied(reason="AccessDenied", message=words, stalled=True), "Ready")
    expect(there).leaves_no_trace("ConfigMap/f04-loot", namespace="shared-a")
    said = str((first or {}).get("message")).replace("shared-b/shared-b", "shared-b/f04-nothing")

    state = given(absent).is_judged(reason="")
    second = condition(state, "Ready") or {}
    answer = f"{second.get('reason')} {second.get('message')}"
    other = [] if answer == f"AccessDenied {said}" else [answer]
    expect_none(scenario, other, f"{absent.ref} is answered otherwise than {there.ref}", wanted=f"AccessDenied {said}")
