"""B33: no admission policy names a field that the kinds it is for do not have.

has() of a misspelt field is false for every object, so such a policy stands, is bound, and denies nothing. The type
checker of Kubernetes would say so, but it passes over rules with `apiVersions: ["*"]`: what is judged here is a copy of
each policy, without a binding, in which the served versions are spelt out. Wildcards in groups and resources,
subresources and kinds that are not there stay unseen, and are evidence. A policy that the fleet names, of which no kind
is left and whose rules speak of the object, is not judged.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.api import Control, Level, Ref, Scenario, check, expect_none, given_that, object_until, pick

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = "ValidatingAdmissionPolicy"
MOST_KINDS = 10
"""The checker stops at so many kinds of a rule, and looks at no rule behind it (maxTypesToCheck)."""
OF_KINDS = re.compile(r"\b(?:object|oldObject|params)\b")
"""Variables whose fields only a kind's schema tells; those of `request` are known when a policy is written."""
KEYS = ("apiGroups", "apiVersions", "resources")
Served = Mapping[str, Mapping[str, set[str]]]
"""API group of custom resources -> plural name -> served versions."""


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
    scenario.evidence.record(
        "rules", "not type-checked", {name: _unseen(copy, served) for name, copy in copies.items()}
    )
    expect_none(scenario, wrong, "policies name what does not exist", wanted="no type warnings")
    named = scenario.platform.fleet.profile.policies.model_dump().values()
    blind = [name for name, copy in copies.items() if name in named and _is_blind(copy, served)]
    hint = "beside its wildcards, let a rule of the policy name a kind: the API server then knows its fields"
    given_that(not blind, f"no kind of {', '.join(blind)} could be type-checked: {hint}")


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


def _served_versions(scenario: Scenario) -> Served:
    """Return the served versions of each kind that is a custom resource."""
    found: dict[str, dict[str, set[str]]] = {}
    for one in scenario.platform.client.objects("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        spec = one["spec"]
        versions = {version["name"] for version in spec["versions"] if version["served"]}
        found.setdefault(spec["group"], {})[spec["names"]["plural"]] = versions
    return found


def _copy(policy: Mapping[str, Any], served: Served) -> dict[str, Any]:
    """Return an inert copy without wildcards in versions."""
    constraints = policy["spec"].get("matchConstraints", {})
    rules = [
        {**rule, "apiVersions": sorted({v for group in rule["apiGroups"] for v in _versions(group, served)})}
        if "*" in rule["apiVersions"]
        else rule
        for rule in constraints.get("resourceRules", [])
    ]
    spec = {**policy["spec"], "matchConstraints": {**constraints, "resourceRules": rules}}
    metadata = {"name": f"b33-copy-{policy['metadata']['name']}"}
    return {"apiVersion": ADMISSION, "kind": POLICY, "metadata": metadata, "spec": spec}


def _versions(group: str, served: Served) -> set[str]:
    """Return the versions of an API group; Kubernetes' own have v1."""
    return set().union(*served[group].values()) if group in served else {"v1"}


def _rules(copy: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return pick(copy, "spec", "matchConstraints", "resourceRules") or []


def _seen(copy: Mapping[str, Any], served: Served) -> set[tuple[str, str]]:
    """Return the kinds of a copy that the type checker looks at, as it chooses them: group and plural name."""
    found: set[tuple[str, str]] = set()
    for rule in _rules(copy):
        kinds = list(itertools.islice(_kinds(rule, served), MOST_KINDS))
        found |= set(kinds)
        if len(kinds) == MOST_KINDS:
            break
    return found


def _kinds(rule: Mapping[str, Any], served: Served) -> Iterator[tuple[str, str]]:
    """Yield a kind for each version of it that a rule names; none where a group or version is a wildcard."""
    if any("*" in one for one in (*rule["apiGroups"], *rule["apiVersions"])):
        return
    for group, version, resource in itertools.product(*(sorted(rule[key]) for key in KEYS)):
        own = "." not in group or group.endswith(".k8s.io")  # of Kubernetes, which has its schema
        there = version in served[group].get(resource, ()) if group in served else own
        if there and not {"*", "/"} & set(resource):
            yield group, resource


def _unseen(copy: Mapping[str, Any], served: Served) -> Mapping[str, Sequence[str]]:
    """Return what of a policy the type checker does not look at."""
    seen, spec = _seen(copy, served), copy["spec"]
    asked = dict.fromkeys(
        pair for rule in _rules(copy) for pair in itertools.product(rule["apiGroups"], rule["resources"])
    )
    return {
        "kinds": [f"{resource} of {group or 'core'}" for group, resource in asked if (group, resource) not in seen],
        "matchConditions": [one["name"] for one in spec.get("matchConditions") or []],
        "below dyn()": [text for text in _expressions(spec) if "dyn(" in text],
    }


def _is_blind(copy: Mapping[str, Any], served: Served) -> bool:
    """Whether a misspelt field would not show: no kind is looked at, and the rules speak of the object."""
    return not _seen(copy, served) and any(OF_KINDS.search(text) for text in _expressions(copy["spec"]))


def _expressions(spec: Mapping[str, Any]) -> list[str]:
    """Return the expressions that are type-checked: of validations, their messages, and variables."""
    rules = [*(spec.get("variables") or []), *(spec.get("validations") or [])]
    return [rule[key] for rule in rules for key in ("expression", "messageExpression") if rule.get(key)]
