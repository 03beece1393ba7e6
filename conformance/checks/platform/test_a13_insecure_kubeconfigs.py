"""A13: neither applier accepts commands or unverified servers in kubeconfigs.

A kubeconfig is the tenant's text. With --insecure-kubeconfig-exec it may name a program that the controller starts,
with --insecure-kubeconfig-tls a server that anybody on the way can play.
"""

from conformance.api import Control, Scenario, check, expect_none

APPLIERS = ("kustomize-controller", "helm-controller")
FLAGS = ("--insecure-kubeconfig-exec", "--insecure-kubeconfig-tls")


@check(
    "A13",
    control=Control.KUBECONFIG_EXEC_OFF,
    kills=["M16", "M73-insecure-tls-helm"],
    source="catalogue A13; pkg/runtime@v0.110.1/client/kubeconfig.go:31",
    signal="--insecure-kubeconfig-exec and --insecure-kubeconfig-tls are absent, or false",
)
def test_a13_insecure_kubeconfigs(scenario: Scenario) -> None:
    """Read the Deployments' and the processes' arguments."""
    for controller in APPLIERS:
        for where, arguments in scenario.arguments(controller).items():
            found = [one for one in arguments if one.startswith(FLAGS) and not one.endswith("=false")]
            what = f"{controller}: its {where} accepts insecure kubeconfigs"
            expect_none(scenario, found, what, wanted=f"neither {' nor '.join(FLAGS)}", observed=" ".join(found))
