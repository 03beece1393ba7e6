"""conformance.yaml: every complaint names file and line, and a key that is nearly right gets a suggestion."""

from pathlib import Path

import pytest

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.fleet_config import FleetProfile, load_profile
from conformance.settings import data_dir

HEAD = "apiVersion: conformance.fluxtenancy.dev/v1alpha1\nkind: FleetProfile\n"


def complaint(folder: Path, text: str) -> str:
    (folder / "conformance.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_profile(folder)
    return caught.value.what


def test_without_a_file_the_reference_names_hold(tmp_path: Path) -> None:
    profile, _ = load_profile(tmp_path)
    assert profile == FleetProfile()
    assert profile.environments[Environment.STAGING].tenants == "tenants/staging"


def test_the_reference_fleet_spells_out_the_defaults() -> None:
    profile, document = load_profile(data_dir("fleet-repo"))
    assert profile == FleetProfile()
    assert set(document.data) == {str(field.alias) for field in FleetProfile.model_fields.values()}


def test_what_is_not_given_keeps_its_default(tmp_path: Path) -> None:
    (tmp_path / "conformance.yaml").write_text(HEAD + "policies:\n  guardFlux: null\n  pods: other\n")
    profile, _ = load_profile(tmp_path)
    assert profile.policies.guard_flux is None
    assert profile.policies.pods == "other"
    assert profile.policies.buckets == "flux-tenant-buckets"


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("tenantLabels: x\n", 3, 'tenantLabels: unknown key; did you mean "tenantLabel"?'),
        ("policies:\n  bucket: x\n", 4, 'policies.bucket: unknown key; did you mean "buckets"?'),
        ("allowlist:\n  zzz: x\n", 4, "allowlist.zzz: unknown key; known are namespace, name, key"),
        (
            "environments:\n  staging: {cluster: a, policies: b, tenants: c, tenant: d}\n",
            4,
            'environments.staging.tenant: unknown key; did you mean "tenants"?',
        ),
        ("environments:\n  stagign: {}\n", 4, 'environments.stagign: unknown environment; did you mean "staging"?'),
        ("environments:\n  staging:\n    cluster: a\n    policies: b\n", 4, "environments.staging.tenants: is missing"),
        (
            "environments:\n  staging:\n    cluster: ../a\n    policies: b\n    tenants: c\n",
            5,
            'environments.staging.cluster: must be a folder inside of the fleet, without ".."',
        ),
        ("addresses:\n  git: https://git.example.com\n", 4, "addresses.git: 'https://git.example.com' does not match"),
        ("tenants:\n  a: b\n", 3, "tenants: name two tenants at least"),
        ("tenants:\n  a: x\n  b: x\n", 3, "tenants: two tenants share a namespace"),
        ("tenants:\n  a: x\n  b: y\n", 1, "tenantTemplate: "),
        ("tenantTemplate:\n  tenant: nobody\n", 3, 'tenantTemplate: "nobody: apps" is not among `tenants`'),
        ("serviceAccount: flux\nserviceAccount: flux\n", 4, "serviceAccount: is there twice"),
        ("serviceAccount: [flux]\n", 3, "serviceAccount: Input should be a valid string"),
    ],
)
def test_a_problem_has_its_line(tmp_path: Path, text: str, line: int, wanted: str) -> None:
    what = complaint(tmp_path, HEAD + text)
    assert f"{tmp_path}/conformance.yaml:{line}: {wanted}" in what


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    what = complaint(tmp_path, "kind: Fleet\nx: 1\ny: 2\n")
    assert [line.split(": ")[1] for line in what.splitlines()] == ["apiVersion", "kind", "x", "y"]


@pytest.mark.parametrize("text", ["", "- a\n", "text\n"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    assert "conformance.yaml:1: must be a mapping" in complaint(tmp_path, text)


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    assert "conformance.yaml:4: not valid YAML" in complaint(tmp_path, HEAD + "tenants:\n\ta: b\n")


def test_a_second_document_is_refused(tmp_path: Path) -> None:
    assert "not valid YAML: " in complaint(tmp_path, f"{HEAD}---\n{HEAD}")
