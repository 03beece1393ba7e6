"""Properties of the reference fleet and tenant repository that can be read from their files."""

import re
from pathlib import Path

import pytest

from conformance.model import Environment, Manifest
from conformance.repos.fleet import load_fleet
from conformance.repos.yaml_files import load_objects, yaml_files
from conformance.settings import data_dir

ROOT = data_dir("fleet-repo")
OBJECTS = [one for path in yaml_files(ROOT / "policies") for one in load_objects(path) if "metadata" in one]
POLICIES = [one for one in OBJECTS if one["kind"] == "ValidatingAdmissionPolicy"]
BINDINGS = {one["spec"]["policyName"]: one for one in OBJECTS if one["kind"] == "ValidatingAdmissionPolicyBinding"}
ANCHOR = "flux-tenant-param-anchor"


def name(one: Manifest) -> str:
    return str(one["metadata"]["name"])


def test_it_loads() -> None:
    load_fleet(ROOT, list(Environment))


@pytest.mark.parametrize("policy", POLICIES, ids=name)
def test_a_policy_fails_closed_and_its_binding_denies(policy: Manifest) -> None:
    assert policy["spec"]["failurePolicy"] == "Fail"
    binding = BINDINGS[name(policy)]
    assert name(binding) == name(policy)
    assert binding["spec"]["validationActions"] == ["Deny", "Audit"]


@pytest.mark.parametrize("policy", [one for one in POLICIES if name(one) != ANCHOR], ids=name)
def test_a_denial_is_forbidden_and_says_why(policy: Manifest) -> None:
    for validation in policy["spec"]["validations"]:
        assert validation["reason"] == "Forbidden"
        assert validation["message"]


@pytest.mark.parametrize("policy", [one for one in POLICIES if name(one) != ANCHOR], ids=name)
def test_what_sees_updates_lets_deletion_pass(policy: Manifest) -> None:
    operations = {verb for rule in policy["spec"]["matchConstraints"]["resourceRules"] for verb in rule["operations"]}
    if "UPDATE" in operations and name(policy) not in {"guard-namespace", "guard-status"}:
        assert policy["spec"]["matchConditions"][0]["name"] == "not-a-deletion"


@pytest.mark.parametrize("policy", [one for one in POLICIES if name(one) not in {ANCHOR, "guard-namespace"}], ids=name)
def test_it_binds_tenants_only(policy: Manifest) -> None:
    selector = BINDINGS[name(policy)]["spec"]["matchResources"]["namespaceSelector"]
    assert selector == {"matchExpressions": [{"key": "toolkit.fluxcd.io/tenant", "operator": "Exists"}]}


def test_every_allowlist_prefix_ends_in_a_slash_and_has_a_path() -> None:
    lists = [one for one in OBJECTS if name(one) == "flux-tenant-sources-allowlist"]
    assert len(lists) == len(Environment)
    for one in lists:
        for prefix in one["data"]["allowedPrefixes"].split():
            assert re.fullmatch(r"((https|oci)://|ssh://git@)[^/@]+/[^@]+/", prefix)


def test_the_tenant_role_has_no_way_up() -> None:
    (role,) = (one for one in OBJECTS if one["kind"] == "ClusterRole")
    reading = {"get", "list", "watch"}
    for rule in role["rules"]:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        held = {"roles", "rolebindings", "networkpolicies", "resourcequotas", "limitranges"} & set(rule["resources"])
        assert not held or set(rule["verbs"]) <= reading
        forbidden = {"namespaces", "serviceaccounts/token", "pods/exec"}
        assert not any(one in forbidden or one.endswith("/status") for one in rule["resources"])


@pytest.mark.parametrize("folder", ["fleet-repo", "tenant-repo"])
def test_both_environments_differ_where_they_should_only(folder: str) -> None:
    def texts(environment: Environment) -> dict[Path, str]:
        root = data_dir(folder)
        parts = [path for path in yaml_files(root) if environment in path.parts]
        renamed = {Path(str(path).replace(environment, "ENV")): path.read_text() for path in parts}
        return {path: text.replace(environment, "ENV") for path, text in renamed.items()}

    staging, production = texts(Environment.STAGING), texts(Environment.PRODUCTION)
    different = {path.name for path in staging if staging[path] != production[path]}
    assert different <= {"kustomization.yaml", "podinfo.yaml"}
    assert {path.name for path in production.keys() - staging.keys()} <= {"image-automation.yaml"}
