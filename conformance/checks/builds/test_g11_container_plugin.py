"""G11: a build does not start containers for the tenant.

A function may name an image instead of a program; kustomize would start docker for it, in the controller's container.
"""

from conformance.api import Capability, Control, Level, Scenario, check, describe, expect, expect_none, given


@check(
    "G11",
    level=Level.CORE,
    control=Control.PLUGINS_OFF,
    kills=["M33-exec-plugins"],
    source="catalogue G11; kustomize/api@v0.21.1 types/erronlybuiltinpluginsallowed.go",
    signal='Ready=False/BuildFailed "external plugins disabled; unable to load external plugin"; '
    "nothing of the folder is applied",
    needs=[Capability.FLUX_PROCESSES],
)
def test_container_plugin(scenario: Scenario) -> None:
    container = scenario["Kustomization/g11-container"]

    given(scenario["Kustomization/g11-plain"]).becomes_ready()

    # Without docker, or without the image, the start fails and the build with it: so look for the attempt first.
    state = describe(given(container).is_judged(reason="BuildFailed"))
    started = [state] if "execute function" in state else []
    expect_none(scenario, started, "the build tried to start a container", wanted="no process")

    denied = expect(container).is_denied(
        reason="BuildFailed", message="external plugins disabled; unable to load external plugin"
    )
    inventory = ["an inventory"] if "inventory" in denied["status"] else []
    expect_none(scenario, inventory, "objects are in an inventory")
    lines = scenario.log_lines("kustomize-controller", '"name":"g11-container"')
    applied = [line for line in lines if "server-side apply" in line]
    expect_none(scenario, applied, "objects were applied", wanted="no line of it")
