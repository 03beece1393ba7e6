"""F16: a tenant cannot include another tenant's GitRepository in its own.

source-controller copies the included artifact itself. A lookup beyond the namespace would hand the victim's private
repository to the attacker, as part of a source that is the attacker's own.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "F16",
    level=Level.CORE,
    control=Control.SAME_NAMESPACE_LOOKUP,
    kills=["M36-include-any-namespace"],
    source="catalogue F16; source-controller@v1.9.3 internal/controller/gitrepository_controller.go:1080",
    signal="Ready=False/NotFound \"could not get resource for include 'shared-b'\"; no artifact, no ConfigMap",
)
def test_foreign_include(scenario: Scenario) -> None:
    foreign = scenario["GitRepository/f16-foreign"]

    # The victim's source lives. Each of the attacker's has a Kustomization that applies what was included.
    given(scenario["GitRepository/shared-b"]).becomes_ready()
    given(scenario["GitRepository/f16-own"]).becomes_ready()
    given(scenario["Kustomization/f16-own-files"]).becomes_ready()

    denied = expect(foreign).is_denied(reason="NotFound", message="could not get resource for include 'shared-b'")
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(
        artifact is None, f"{foreign.ref} has an artifact", wanted="no artifact", observed=f"artifact {artifact}"
    )
    expect(foreign).leaves_no_trace("ConfigMap/f16-loot", namespace="shared-a")
