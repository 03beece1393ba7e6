"""A03: kustomize- and helm-controller run with --default-service-account set to the tenants' ServiceAccount.

An object that names no ServiceAccount is otherwise applied with the controller's own rights, which are those of a
cluster admin. An empty value, or the name of an account that tenants do not have, is as bad as no flag.
"""

import pytest

from conformance.api import Control, Scenario, check, expect

CONTROLLERS = ("kustomize", "helm")


@check(
    "A03",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=[f"M03-{name}" for name in CONTROLLERS],
    source="catalogue A03; kustomize-controller@v1.9.3/main.go:119, helm-controller@v1.6.2/main.go:130",
    signal="args of the live Deployment and of the running process: --default-service-account=<the fleet's account>",
)
@pytest.mark.parametrize("controller", [f"{name}-controller" for name in CONTROLLERS])
def test_a03_default_service_account_flag(scenario: Scenario, controller: str) -> None:
    """Read the Deployment's and the process's arguments."""
    # The account's name is the fleet's choice: conformance.yaml says it.
    wanted = [f"--default-service-account={scenario.platform.service_account}"]
    deployment = scenario[f"Deployment/{controller}"].with_fields({"spec.template.spec.containers.0.args": wanted})
    expect(deployment).runs_with_wanted_arguments()
