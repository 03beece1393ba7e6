"""B34: every admission policy of the fleet is bound, denies, and fails closed.

A policy without a binding is text. One that only audits or warns, that passes what it cannot evaluate, or that selects
other namespaces than those of tenants, looks the same in a list and stops nobody.
"""

from collections.abc import Mapping
from typing import Any

from conformance.api import Control, Environment, Scenario, check, expect_that, given_that, pick, ref_to, selects

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = "ValidatingAdmissionPolicy"
SELECTOR = ("spec", "matchResources", "namespaceSelector")


@check(
    "B34",
    control=Control.POLICY_BINDINGS,
    kills=[
        "M05-sources",
        "M05-buckets",
        "M05-buckets-elsewhere",
        "M05-kubeconfig",
        "M05-pods",
        "M05-image",
        "M15-flux",
        "M15-sources",
        "M15-satoken",
        "M15-status",
        "M15-namespace",
        "M14-unguarded",
        "M26-ignore",
    ],
    source="catalogue B34; api@v0.36.3/admissionregistration/v1/types.go, ValidatingAdmissionPolicySpec",
    signal="failurePolicy: Fail, matchPolicy: Equivalent, and a binding with validationActions Deny "
    "that selects every tenant's namespace, for each policy",
)
def test_b34_policies_bound(scenario: Scenario) -> None:
    """Read every policy that the fleet names, and its bindings."""
    named = scenario.platform.fleet.profile.policies.model_dump()
    if scenario.environment is not Environment.PRODUCTION:
        del named["image_automation"]  # production's alone
    names = sorted(name for name in named.values() if name)
    given_that(names, "the fleet names no policy in conformance.yaml")
    bindings = scenario.platform.client.objects(ADMISSION, f"{POLICY}Binding")
    tenants = {name: _labels(scenario, name) for name in scenario.platform.tenants.values()}
    faults = [fault for name in names for fault in _faults(scenario, name, bindings, tenants)]
    expect_that(not faults, "policies do not deny", wanted="bound with Deny, Fail", observed="; ".join(faults))


def _labels(scenario: Scenario, namespace: str) -> Mapping[str, str]:
    live = scenario.existing(f"Namespace/{namespace}", "").live()
    given_that(live, f"the tenant's namespace {namespace} is not there")
    return pick(live, "metadata", "labels") or {}


def _faults(scenario: Scenario, name: str, bindings: list[Any], tenants: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return what is wrong with one policy."""
    live = scenario.platform.client.find(ref_to(f"{POLICY}/{name}"))
    if live is None:
        return [f"{name} is not there"]
    scenario.evidence.record("object", name, live)
    fails = pick(live, "spec", "failurePolicy")
    matches = pick(live, "spec", "matchConstraints", "matchPolicy")
    own = [one for one in bindings if pick(one, "spec", "policyName") == name]
    denying = [one for one in own if "Deny" in (pick(one, "spec", "validationActions") or [])]
    selectors = [
        (pick(live, "spec", "matchConstraints", "namespaceSelector") or {}, pick(one, *SELECTOR) or {})
        for one in denying
    ]
    free = [
        namespace
        for namespace, labels in tenants.items()
        if not any(selects(policy, labels) and selects(binding, labels) for policy, binding in selectors)
    ]
    return [
        *([] if fails == "Fail" else [f"{name}: failurePolicy {fails}"]),
        *([] if matches == "Equivalent" else [f"{name}: matchPolicy {matches}"]),
        *([] if denying else [f"{name}: {len(own)} bindings, none with Deny"]),
        *([f"{name}: its bindings do not select {', '.join(sorted(free))}"] if denying and free else []),
    ]
