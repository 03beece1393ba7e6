"""G10: a build does not run programs of the tenant.

An exec function is a file of the repository that kustomize starts, in the controller's container and with its token.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "G10",
    level=Level.CORE,
    control=Control.PLUGINS_OFF,
    kills=["M33-exec-plugins"],
    source="catalogue G10; kustomize/api@v0.21.1 types/erronlybuiltinpluginsallowed.go",
    signal='Ready=False/BuildFailed "external plugins disabled; unable to load external plugin"; '
    "the ConfigMap is absent",
)
def test_exec_plugin(scenario: Scenario) -> None:
    program = scenario["Kustomization/g10-exec"]

    given(scenario["Kustomization/g10-plain"]).becomes_ready()

    expect(program).is_denied(reason="BuildFailed", message="external plugins disabled; unable to load external plugin")
    # The marker of the program: it prints this ConfigMap.
    expect(program).leaves_no_trace("ConfigMap/g10-loot", namespace="shared-a")
