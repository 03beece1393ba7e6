"""F08: a HelmRelease installs no ExternalArtifact, neither of its own namespace nor of another.

Whoever writes the status of an ExternalArtifact decides what is installed. The feature gate is off by default; where it
is on, the reference still may not leave the namespace.
"""

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_none, given, pick


@check(
    "F08",
    level=Level.CORE,
    control=Control.FEATURE_GATES,
    kills=["M01-helm", "M91-external-artifacts"],
    source="catalogue F08; helm-controller@v1.6.2 internal/controller/helmrelease_controller.go, "
    "getSourceFromExternalArtifact",
    signal='Ready=False/AccessDenied "feature gate is disabled" or "cannot access ExternalArtifact", Stalled; '
    "the ConfigMap is absent",
)
def test_external_artifact(scenario: Scenario) -> None:
    own, foreign = scenario["HelmRelease/f08-own"], scenario["HelmRelease/f08-foreign"]

    # The chart is good: from the OCIRepository it installs.
    given(scenario["HelmRelease/f08-allowed"]).becomes_ready()
    live = scenario["OCIRepository/f08-chart"].live()
    status = {key: pick(live, "status", key) for key in ("artifact", "conditions")}
    scenario.platform.client.patch(scenario["ExternalArtifact/f08-chart"].ref, {"status": status}, subresource="status")

    expect(own).is_denied(reason="AccessDenied", message="feature gate is disabled", stalled=True)
    expect(own).leaves_no_trace("ConfigMap/f08-loot", namespace="f08-outside")

    # The reference is refused before the gate is asked: with an open gate it still does not leave the namespace.
    refused = "cross-namespace references are not allowed: cannot access ExternalArtifact f08-outside/f08-chart"
    said = describe(given(foreign).is_judged(reason="AccessDenied"))
    other = [] if refused in said else [said]
    expect_none(scenario, other, f"{foreign.ref} may leave its namespace", wanted=refused)
    expect(foreign).is_denied(reason="AccessDenied", message=refused, stalled=True)
    expect(foreign).leaves_no_trace("ConfigMap/f08-loot", namespace="shared-a")
