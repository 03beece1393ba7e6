"""B33: no admission policy names a field that the kinds it is for do not have.

has() of a misspelt field is false for every object, so such a policy stands, is bound, and denies nothing. The type
checker of Kubernetes would say so, but it passes over rules with `apiVersions: ["*"]`: what is judged here is a copy of
each policy, without a binding, in which the served versions are spelt out.
"""

from collections.abc import Mapping
from typing import Any

from conformance.api import Control, Level, Ref, Scenario, check, expect_none, given_that, object_until, pick

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = "ValidatingAdmissionPolicy"


@check(
    "B33",
    level=Level.HARDENED,
    control=Control.KUBECONFIG_POLICY,
    kills=["M09"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking",
    source="catalogue B33, finding 1; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/typechecking.go:349",
    signal="status.typeChecking without expressionWarnings on a copy of each policy",
)
def test_b33_policies_typecheck(scenario: Scenario) -> None:
    """Have copies of all policies type-checked."""
    client = scenario.platform.client
    # Allowed path first: the checker runs, knows the schema of the kinds, and can tell right from wrong.
    given_that(
        not _warnings(scenario, scenario["ValidatingAdmissionPolicy/b33-spelt"].ref), "a right policy is warned of"
    )
    given_that(
        _warnings(scenario, scenario["ValidatingAdmissionPolicy/b33-misspelt"].ref), "a wrong one is not warned of"
    )

    served = _served_versions(scenario)
    policies = [p for p in client.objects(ADMISSION, POLICY) if not p["metadata"]["name"].startswith("b33-")]
    given_that(policies, "there is no policy")
    copies = {policy["metadata"]["name"]: _copy(policy, served) for policy in policies}
    try:
        for copy in copies.values():
            client.apply(copy)
        warnings = {name: _warnings(scenario, Ref.of(copy)) for name, copy in copies.items()}
    finally:
        for copy in copies.values():
            client.delete_if_exists(Ref.of(copy))
    wrong = [f"{name}: {text}" for name, found in warnings.items() for text in found]
    expect_none(scenario, wrong, "policies name what does not exist", wanted="no type warnings")


def _warnings(scenario: Scenario, ref: Ref) -> list[str]:
    """Wait until the present generation was judged, and return what the type checker says of it."""
    client, timeout = scenario.platform.client, scenario.platform.timeouts.reconciled

    def judged(state: Mapping[str, Any] | None) -> bool:
        return state is not None and pick(state, "status", "observedGeneration") == state["metadata"]["generation"]

    state, done = object_until(client, ref, judged, timeout_s=timeout)
    scenario.evidence.record("object", str(ref), state or "not there\n")
    given_that(done, f"{ref} was not type-checked within {timeout:g} s")
    found = pick(state, "status", "typeChecking", "expressionWarnings") or []
    return [f"{warning['fieldRef']}: {warning['warning']}" for warning in found]


def _served_versions(scenario: Scenario) -> dict[str, list[str]]:
    """Return the served versions of each API group that is made of custom resources."""
    found: dict[str, set[str]] = {}
    for one in scenario.platform.client.objects("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        versions = {version["name"] for version in one["spec"]["versions"] if version["served"]}
        found.setdefault(one["spec"]["group"], set()).update(versions)
    return {group: sorted(versions) for group, versions in found.items()}


def _copy(policy: Mapping[str, Any], served: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return an inert copy without wildcards in versions."""
    constraints = policy["spec"].get("matchConstraints", {})
    rules = [
        {**rule, "apiVersions": sorted({v for group in rule["apiGroups"] for v in served.get(group, ["v1"])})}
        if "*" in rule["apiVersions"]
        else rule
        for rule in constraints.get("resourceRules", [])
    ]
    spec = {**policy["spec"], "matchConstraints": {**constraints, "resourceRules": rules}}
    metadata = {"name": f"b33-copy-{policy['metadata']['name']}"}
    return {"apiVersion": ADMISSION, "kind": POLICY, "metadata": metadata, "spec": spec}
