"""A17: the controllers keep their right on leases.

A patch that takes a rule out of their role by its index takes another one after an upgrade. Without leases no
controller of several replicas becomes leader, and nothing is reconciled: no policy, no revocation.
"""

from conformance.api import Control, Scenario, check, expect_none, given_that, pick, rule_allows

VERBS = {"get", "list", "watch", "create", "update", "patch", "delete"}


@check(
    "A17",
    control=Control.CONTROLLER_RIGHTS,
    kills=["M76-leases"],
    source="catalogue A17, finding 12; Flux 2.9.2's rbac/controller.yaml",
    signal="crd-controller has coordination.k8s.io/leases with get, list, watch, create, update, patch, delete",
)
def test_a17_leases_rule(scenario: Scenario) -> None:
    """Read the rules of the controllers' role."""
    role = scenario[f"ClusterRole/crd-controller-{scenario.platform.flux_namespace}"]
    rules = pick(role.live(), "rules")
    given_that(rules, f"{role.ref} is not there, or has no rules")
    granted = {verb for verb in VERBS for rule in rules if rule_allows(rule, verb, "coordination.k8s.io", "leases")}
    scenario.evidence.record("object", str(role.ref), {"rules": rules})
    expect_none(
        scenario,
        sorted(VERBS - granted),
        f"{role.ref} lacks verbs on leases",
        wanted=", ".join(sorted(VERBS)),
        observed=", ".join(sorted(granted)) or "no rule on leases",
    )
