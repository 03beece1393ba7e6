"""J10: the controllers open no file that a kubeconfig names (since kustomize-controller 1.9.5, helm-controller 1.6.4).

user.tokenFile in a tenant's kubeconfig names a file of the controller's Pod, such as its own token, whose content then
goes to the server of the same kubeconfig. Older releases read it.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, describe, expect_that, given

FIXED = {"Kustomization": ("kustomize-controller", (1, 9, 5)), "HelmRelease": ("helm-controller", (1, 6, 4))}
REFUSED = {"Kustomization": "ReconciliationFailed", "HelmRelease": "RESTClientError"}
OPENED = {"Kustomization": "ReconciliationFailed", "HelmRelease": "StateError"}


@check(
    "J10",
    level=Level.PROVISIONAL,
    control=Control.FIXED_VERSION,
    source="catalogue J10; kustomize-controller 1.9.5, helm-controller 1.6.4",
    signal='Ready=False/ReconciliationFailed (HelmRelease: RESTClientError) "only an inline token is supported"',
    unmutable="releases before the fix are the mutant: the row is reported there, and never judged",
)
@pytest.mark.parametrize("kind", FIXED)
def test_kubeconfig_files(scenario: Scenario, kind: str) -> None:
    controller, fixed = FIXED[kind]
    version = scenario.component_version(controller)
    attack = scenario[f"{kind}/j10-{kind.lower()}"]
    given(scenario["GitRepository/j10-source"]).becomes_ready()

    # A file that each Linux has, and that holds no secret.
    kubeconfig = scenario.kubeconfig({"tokenFile": "/etc/hostname"})
    secret = scenario[f"Secret/j10-{kind.lower()}"].with_fields({"stringData.value": kubeconfig})
    given(secret.submit()).is_admitted()
    given(attack.submit()).is_admitted()

    state = describe(given(attack).is_judged(reason=(REFUSED if version >= fixed else OPENED)[kind]))
    expect_that(
        version >= fixed and "only an inline token is supported" in state,
        f"vulnerable version: {controller} {'.'.join(map(str, version))} opens files that a kubeconfig names",
        wanted=f"{'.'.join(map(str, fixed))} or newer; only an inline token is supported",
        observed=state,
    )
