"""The FluxInstance of a fleet: refused where its sync would not restore it, and fitted to the local servers."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.flux_instance import adapt, find
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

FOLDER = "operator/staging"
ROOT = data_dir("fleet-repo")
LIVE = load_objects(ROOT / FOLDER / "flux-instance.yaml")[0]


def write(root: Path, *manifests: Any) -> Path:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    (root / FOLDER / "x.yaml").write_text(yaml.safe_dump_all(manifests))
    return root


def changed(path: str, value: object) -> Any:
    manifest: Any = copy.deepcopy(LIVE)
    *parents, last = path.split(".")
    inner = manifest
    for name in parents:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return manifest


@pytest.mark.parametrize("environment", list(Environment))
def test_the_reference_fleet_has_one_for_each_environment(environment: Environment) -> None:
    instance = find(ROOT, f"operator/{environment}", "flux-system")
    assert instance.pull_secret == "flux-system"
    assert instance.path.name == "flux-instance.yaml"


def test_its_lockdown_is_that_of_the_cli_route() -> None:
    patches = load_objects(ROOT / "clusters/staging/flux-system/kustomization.yaml")[0]["patches"]
    network = [patch for patch in patches if patch["target"]["kind"] == "NetworkPolicy"]
    assert [patch for patch in LIVE["spec"]["kustomize"]["patches"] if patch in network] == network
    cluster = LIVE["spec"]["cluster"]
    assert (cluster["multitenant"], cluster["tenantDefaultServiceAccount"], cluster["networkPolicy"]) == (
        True,
        "flux",
        True,
    )


@pytest.mark.parametrize("manifests", [(), (LIVE, LIVE), ({"kind": "FluxInstance", "apiVersion": "v1"},)])
def test_there_must_be_exactly_one(tmp_path: Path, manifests: tuple[Any, ...]) -> None:
    with pytest.raises(InputError, match="objects of kind FluxInstance, and the Flux Operator takes exactly one"):
        find(write(tmp_path, *manifests), FOLDER, "flux-system")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("metadata.name", "other", "metadata.name is other, not flux"),
        ("metadata.namespace", None, "metadata.namespace is not there, not flux-system"),
        ("spec.sync", None, "spec.sync.kind is not there, not GitRepository"),
        ("spec.sync.kind", "OCIRepository", "spec.sync.kind is OCIRepository, not GitRepository"),
        ("spec.sync.path", "clusters/staging", "spec.sync.path is clusters/staging, not operator/staging"),
        ("spec.sync.pullSecret", None, "spec.sync.pullSecret is not there"),
        ("spec.distribution", None, "spec.distribution.version is not there"),
    ],
)
def test_what_could_not_be_restored_or_read_is_refused(tmp_path: Path, path: str, value: object, said: str) -> None:
    with pytest.raises(InputError) as refused:
        find(write(tmp_path, changed(path, value)), FOLDER, "flux-system")
    assert said in str(refused.value)
    assert str(tmp_path / FOLDER / "x.yaml") in str(refused.value)


def test_a_path_may_begin_at_the_root(tmp_path: Path) -> None:
    assert find(write(tmp_path, changed("spec.sync.path", "./operator/staging/")), FOLDER, "flux-system")


def test_it_is_fitted_to_the_run_and_every_change_is_said(tmp_path: Path) -> None:
    root = write(tmp_path, changed("spec.distribution.artifact", "oci://x.example.com/manifests:latest"))
    said = adapt(find(root, FOLDER, "flux-system"), url="http://127.0.0.1:1/fleet.git", version="2.9.5", images={})
    assert said == [
        "FluxInstance: spec.sync.url is http://127.0.0.1:1/fleet.git",
        "FluxInstance: spec.distribution.version is 2.9.5",
        "FluxInstance: spec.distribution.artifact is taken out",
    ]
    (written,) = load_objects(root / FOLDER / "x.yaml")
    wanted = changed("spec.distribution.version", "2.9.5")
    wanted["spec"]["sync"]["url"] = "http://127.0.0.1:1/fleet.git"
    assert written == wanted
    again = adapt(find(root, FOLDER, "flux-system"), url="http://127.0.0.1:1/fleet.git", version="2.9.5", images={})
    assert again == []


def test_images_that_are_loaded_by_tag_lose_their_digest(tmp_path: Path) -> None:
    root = write(tmp_path, LIVE)
    image = "ghcr.io/fluxcd/source-controller:v1.9.3"
    said = adapt(find(root, FOLDER, "flux-system"), url="u", version="2.9.2", images={"source-controller": image})
    assert f"FluxInstance: spec.kustomize.patches name {image} without a digest: loaded by tag" in said
    (written,) = load_objects(root / FOLDER / "x.yaml")
    *others, patch = written["spec"]["kustomize"]["patches"]
    assert others == LIVE["spec"]["kustomize"]["patches"]
    assert patch["target"] == {"kind": "Deployment", "name": "source-controller"}
    assert yaml.safe_load(patch["patch"]) == [
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}
    ]
