"""The reference fleet has its tenants twice, as kustomize overlays and as a ResourceSet: they must be the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.model import Environment
from conformance.process import run
from conformance.repos.resourceset_writer import COPY_FROM, entry_of, fill, find_set
from conformance.repos.yaml_files import dump, parse_objects
from conformance.settings import data_dir, environment

FLEET = data_dir("fleet-repo")
TENANTS = {"dev-team": "apps", "ops-team": "ops"}


@pytest.fixture(scope="module")
def build(binary: Callable[[str], Path]) -> Callable[[str], list[Any]]:
    def built(folder: str) -> list[Any]:
        home = {"PATH": environment()["PATH"]}
        text = run([binary("kubectl"), "kustomize", FLEET / folder], timeout_s=60, env=home).stdout
        return list(parse_objects(text, Path(folder)))

    return built


@pytest.mark.parametrize("env", list(Environment))
@pytest.mark.parametrize("tenant", TENANTS)
def test_both_give_a_tenant_the_same_objects(build: Callable[[str], list[Any]], env: Environment, tenant: str) -> None:
    own = [one for one in build(f"tenants/{env}") if TENANTS[tenant] in _place(one)]
    templates = find_set(build(f"tenants/resourceset/{env}"), tenant, "fleet-repo")
    text = fill(dump(templates["spec"]["resources"]), entry_of(templates, tenant))
    made = parse_objects(text, Path("resources"))
    (secret,) = [one for one in made if one["kind"] == "Secret"]
    assert secret["metadata"]["annotations"] == {COPY_FROM: f"flux-system/{tenant}-auth"}
    # The Secret is what the kustomize overlays leave to the platform admin's hand.
    assert _sorted(one for one in made if one is not secret) == _sorted(own)


@pytest.mark.parametrize("env", list(Environment))
@pytest.mark.parametrize("tenant", TENANTS)
def test_both_give_a_tenant_with_artifacts_the_same_objects(
    build: Callable[[str], list[Any]], env: Environment, tenant: str
) -> None:
    own = [one for one in build(f"tenants/oci/{env}") if TENANTS[tenant] in _place(one)]
    templates = find_set(build(f"tenants/oci/resourceset/{env}"), tenant, "fleet-repo", credential=False)
    made = parse_objects(fill(dump(templates["spec"]["resources"]), entry_of(templates, tenant)), Path("resources"))
    assert "OCIRepository" in {one["kind"] for one in made}
    assert _sorted(made) == _sorted(own)


def _place(one: Any) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"] if one["kind"] == "Namespace" else ""


def _sorted(objects: Any) -> list[Any]:
    return sorted(objects, key=lambda one: (one["kind"], one["metadata"]["name"]))
