"""G06: spec.components of a Kustomization does not name a remote address.

The field is the Kustomization's own, so that no file in Git shows the address; it must be refused whatever the flags.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "G06",
    level=Level.CORE,
    control=Control.LOCAL_COMPONENTS,
    kills=["M31-remote-components"],
    source="catalogue G06; pkg/kustomize@v1.35.3 kustomize_generator.go:262",
    signal='Ready=False/BuildFailed "component path ... must be local and relative"; the ConfigMap is absent',
)
def test_spec_components(scenario: Scenario) -> None:
    remote = scenario["Kustomization/g06-remote"]

    given(scenario["Kustomization/g06-local"]).becomes_ready()

    expect(remote).is_denied(reason="BuildFailed", message=("component path", "must be local and relative"))
    expect(remote).leaves_no_trace("ConfigMap/g06-remote-component", namespace="shared-a")
