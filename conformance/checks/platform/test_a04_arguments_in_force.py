"""A04: each controller runs with the arguments that its Deployment states.

A patch of the Deployment that was never rolled out reads like a lockdown and is none: the process that was started
before it goes on with the old arguments.
"""

import pytest

from conformance.api import Capability, Control, Scenario, check, expect_none

CONTROLLERS = ("source", "kustomize", "helm", "notification", "image-reflector", "image-automation")
HOST_PROCESS = (
    "--events-addr",
    "--receiverAddr",
    "--metrics-addr",
    "--health-addr",
    "--storage",
    "--enable-leader-election",
)
"""What a provider that runs controllers as host processes must replace: addresses and folders, no lockdown."""


@check(
    "A04",
    control=Control.ROLLED_OUT,
    kills=["M71"],
    needs=[Capability.FLUX_PROCESSES],
    source="catalogue A04; kustomize-controller@v1.9.3/main.go:116",
    signal="every argument of the Deployment is an argument of the process, and the other way round",
)
@pytest.mark.parametrize("controller", [f"{name}-controller" for name in CONTROLLERS])
def test_a04_arguments_in_force(scenario: Scenario, controller: str) -> None:
    """Compare what the Deployment says with what the kernel says."""
    platform = scenario.platform
    replaced = () if Capability.NODES in platform.cluster.capabilities else HOST_PROCESS
    said = {
        where: {
            argument.replace("$(RUNTIME_NAMESPACE)", platform.flux_namespace)
            for argument in arguments
            if argument.startswith("--") and not argument.startswith(replaced)
        }
        for where, arguments in scenario.arguments(controller).items()
    }
    stated, running = said["live Deployment"], said["running process"]
    expect_none(
        scenario,
        sorted(stated ^ running),
        f"{controller} does not run with what its Deployment states",
        wanted=" ".join(sorted(stated)),
        observed=" ".join(sorted(running)),
    )
