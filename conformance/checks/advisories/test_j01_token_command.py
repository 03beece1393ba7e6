"""J01: CVE-2021-41254 stays fixed: kustomize-controller does not run what the Secret of an account says.

The controller once passed the token of spec.serviceAccountName to a shell. Tenants write their own Secrets and
accounts, so that a token could be a command, run with the rights of the controller. Today it impersonates.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given


@check(
    "J01",
    level=Level.CORE,
    control=Control.NO_SHELL,
    kills=["M59-account-shell"],
    spec="https://github.com/advisories/GHSA-35rf-v2jv-gfg7",
    source="catalogue J01; pkg/runtime@v0.110.1 client/impersonator.go:227",
    signal='no request by the command; Ready=False/ReconciliationFailed "j01-exploit" cannot patch "configmaps"',
)
def test_token_command(scenario: Scenario) -> None:
    attack = scenario["Kustomization/j01-exploit"]
    given(scenario["Kustomization/j01-own"]).becomes_ready()

    command = f'" || git ls-remote {scenario.platform.git_url}/j01-canary || echo "'
    given(scenario["Secret/j01-token"].with_fields({"stringData.token": command}).submit()).is_admitted()
    given(attack.submit()).is_admitted()

    given(attack).is_judged(reason="ReconciliationFailed")
    calls = scenario.requests("/j01-canary")
    ran = [f"{entry.method} {entry.path}" for entry in calls]
    expect_none(scenario, ran, "the token ran as a command", wanted="no request")
    expect(attack).is_denied(
        reason="ReconciliationFailed",
        message=('User "system:serviceaccount:shared-a:j01-exploit" cannot patch resource "configmaps"',),
    )
