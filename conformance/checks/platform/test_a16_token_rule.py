"""A16: without object identity the controllers cannot mint tokens of ServiceAccounts.

The role that all controllers share lets each of them create a token of any account of the cluster, the cluster
admins' among them. It is there for object identity; Flux 2.10 no longer grants it.
"""

from conformance.api import Control, Level, Scenario, check, expect_that, feature_gates, given_that, pick, rule_allows

GATE = "ObjectLevelWorkloadIdentity"


@check(
    "A16",
    level=Level.PROVISIONAL,
    control=Control.CONTROLLER_RIGHTS,
    unmutable="releases before 2.10 bring the rule along; there it is a limit that is reported",
    source="catalogue A16; Flux 2.9.2's rbac/controller.yaml",
    signal="no rule of crd-controller allows to create serviceaccounts/token, by a wildcard neither",
)
def test_a16_token_rule(scenario: Scenario) -> None:
    """Read the rules of the controllers' role."""
    role = scenario[f"ClusterRole/crd-controller-{scenario.platform.flux_namespace}"]
    rules = pick(role.live(), "rules")
    given_that(rules, f"{role.ref} is not there, or has no rules")
    on = any(GATE in feature_gates(said) for said in scenario.arguments("source-controller").values())
    given_that(not on, "object identity is on: the controllers need the rule")
    granted = [rule for rule in rules if rule_allows(rule, "create", "", "serviceaccounts/token", name=None)]
    expect_that(not granted, f"{role.ref} mints tokens", wanted="no serviceaccounts/token", observed=str(granted))
