"""A fleet is turned to the OCI artifact that it is pushed as: the FluxInstance, and what names the fleet's source."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.flux_instance import SOURCE, find
from conformance.repos.oci_sync import (
    INSECURE,
    KIND,
    resource_set_spec,
    sync_by_artifact,
    tenants_spec,
    turn,
    turned_to,
)
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

FOLDER = "operator/staging"
URL = "oci://127.0.0.1:5000/platform/fleet"


def sync(kind: str = "GitRepository", name: str = "flux-system") -> dict[str, Any]:
    spec = {"path": "./x", "sourceRef": {"kind": kind, "name": name}}
    return {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {}, "spec": spec}


def write(root: Path) -> Path:
    (root / FOLDER).mkdir(parents=True)
    text = (data_dir("fleet-repo") / FOLDER / "flux-instance.yaml").read_text()
    (root / FOLDER / "flux-instance.yaml").write_text(text)
    return root


def test_the_instance_names_the_artifact_and_no_secret(tmp_path: Path) -> None:
    before = find(write(tmp_path), FOLDER, "flux-system")
    said = sync_by_artifact(before, URL)
    (after,) = load_objects(before.path)
    assert after["spec"]["sync"] == {"kind": KIND, "url": URL, "ref": "latest", "path": FOLDER}
    patches = before.manifest["spec"]["kustomize"]["patches"]
    assert after["spec"]["kustomize"]["patches"] == [*patches, INSECURE]
    assert f"FluxInstance: spec.sync.url is {URL}" in said
    assert {key: value for key, value in after["spec"].items() if key not in ("sync", "kustomize")} == {
        key: value for key, value in before.manifest["spec"].items() if key not in ("sync", "kustomize")
    }


def test_a_turned_instance_is_found_as_what_was_pushed_only(tmp_path: Path) -> None:
    sync_by_artifact(find(write(tmp_path), FOLDER, "flux-system"), URL)
    assert find(tmp_path, FOLDER, "flux-system", (SOURCE, KIND)).pull_secret == ""
    with pytest.raises(InputError, match=r"spec\.sync\.kind is OCIRepository, not GitRepository"):
        find(tmp_path, FOLDER, "flux-system")


def test_only_what_names_the_fleets_source_is_turned(tmp_path: Path) -> None:
    kept = [sync(name="other"), sync("Bucket"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}]
    for name, objects in {"a": [sync(), *kept], "b": kept}.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump_all(objects))
    assert turn([tmp_path], "flux-system") == [tmp_path / "a.yaml"]
    assert load_objects(tmp_path / "a.yaml") == [sync(KIND), *kept]
    assert load_objects(tmp_path / "b.yaml") == kept
    assert turned_to(sync(KIND), "flux-system", KIND) == sync(KIND)


@pytest.mark.parametrize("environment", list(Environment))
def test_the_reference_fleet_names_its_source_where_it_can_be_turned(tmp_path: Path, environment: Environment) -> None:
    for name in ("policies", "tenants"):
        text = (data_dir("fleet-repo") / f"clusters/{environment}/{name}.yaml").read_text()
        (tmp_path / f"{name}.yaml").write_text(text)
    assert [path.name for path in turn([tmp_path], "flux-system")] == ["policies.yaml", "tenants.yaml"]


def test_tenants_come_from_their_own_folder() -> None:
    assert tenants_spec("tenants/oci/staging") == {"path": "./tenants/oci/staging", "patches": [INSECURE]}


def test_the_sources_of_a_resourceset_may_speak_http_and_those_of_another_set_stay_as_they_are() -> None:
    resources = [{"kind": "Namespace"}, {"kind": KIND}, {"kind": "Kustomization"}]
    own = {"kind": "ResourceSet", "metadata": {"name": "tenants"}, "spec": {"resources": resources}}
    said = resource_set_spec("tenants/oci/resourceset/staging", own)
    (patch,) = said["patches"]
    assert said["path"] == "./tenants/oci/resourceset/staging"
    assert patch["target"] == {"kind": "ResourceSet", "name": "tenants"}
    assert yaml.safe_load(patch["patch"]) == [{"op": "add", "path": "/spec/resources/1/spec/insecure", "value": True}]
