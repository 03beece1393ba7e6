"""B34: every admission policy of the fleet is bound, denies, and fails closed.

A policy without a binding is text. One that only audits or warns, that passes what it cannot evaluate, that selects
other namespaces than those of tenants, or whose rules somebody changed in the cluster, looks the same in a list and
stops nobody. What the ConfigMap of permitted prefixes contains is not read: B01 and its neighbours try it, and an audit
says nothing of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.api import (
    Control,
    Environment,
    Ref,
    Scenario,
    check,
    departures,
    expect_none,
    given_that,
    pick,
    ref_to,
    selects,
)

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = "ValidatingAdmissionPolicy"
Files = Sequence[Mapping[str, Any]] | None
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
        "M05-buckets-labelled",
        "M05-image",
        "M07",
        "M08",
        "M08-known",
        "M09",
        "M15-flux",
        "M15-sources",
        "M15-satoken",
        "M15-status",
        "M15-namespace",
        "M14-unguarded",
        "M24-update",
        "M24-buckets-update",
        "M24-image-update",
        "M24-deletion",
        "M25-fixed-list",
        "M25-platform",
        "M26-ignore",
        "M27-silent",
        "M27-bare-image",
        "M28-sources",
        "M28-kubeconfig",
        "M28-pods",
        "M28-guard-flux",
        "M28-guard-sources",
        "M28-guard-satoken",
    ],
    source="catalogue B34; api@v0.36.3/admissionregistration/v1/types.go, ValidatingAdmissionPolicySpec",
    signal="failurePolicy: Fail, matchPolicy: Equivalent, and a binding with validationActions Deny "
    "that selects every tenant's namespace, for each policy; their specs are those of the fleet's files",
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
    files = scenario.declared_policies()
    faults = [fault for name in names for fault in _faults(scenario, name, bindings, tenants, files)]
    expect_none(scenario, faults, "policies do not deny", wanted="bound with Deny, Fail")


def _labels(scenario: Scenario, namespace: str) -> Mapping[str, str]:
    live = scenario.existing(f"Namespace/{namespace}", "").live()
    given_that(live, f"the tenant's namespace {namespace} is not there")
    return pick(live, "metadata", "labels") or {}


def _faults(
    scenario: Scenario, name: str, bindings: list[Any], tenants: Mapping[str, Mapping[str, str]], files: Files
) -> list[str]:
    """Return what is wrong with one policy."""
    live = scenario.platform.client.find(ref_to(f"{POLICY}/{name}"))
    if live is None:
        return [f"{name} is not there"]
    scenario.evidence.record("object", name, live)
    fails = pick(live, "spec", "failurePolicy")
    matches = pick(live, "spec", "matchConstraints", "matchPolicy")
    own = [one for one in bindings if pick(one, "spec", "policyName") == name]
    denying = [one for one in own if "Deny" in (pick(one, "spec", "validationActions") or [])]
    free = _free(live, denying, tenants)
    return [
        *([] if fails == "Fail" else [f"{name}: failurePolicy {fails}"]),
        *([] if matches == "Equivalent" else [f"{name}: matchPolicy {matches}"]),
        *(f"{Ref.of(one)}: {text}" for one in (live, *denying) for text in departures(one, files)),
        *([] if denying else [f"{name}: {len(own)} bindings, none with Deny"]),
        *([f"{name}: its bindings do not select {', '.join(sorted(free))}"] if denying and free else []),
    ]


def _free(live: Any, denying: list[Any], tenants: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the tenants' namespaces that no binding with Deny selects."""
    policy = pick(live, "spec", "matchConstraints", "namespaceSelector") or {}
    chosen = [pick(one, *SELECTOR) or {} for one in denying]
    return [
        namespace
        for namespace, labels in tenants.items()
        if not (selects(policy, labels) and any(selects(binding, labels) for binding in chosen))
    ]
