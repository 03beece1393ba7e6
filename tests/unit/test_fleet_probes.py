"""Tenants of the checks are the fleet's template tenant under another name, and in nothing else different."""

from pathlib import Path

import pytest
import yaml

from conformance.errors import InputError
from conformance.repos.fleet_config import FleetProfile, TenantTemplate
from conformance.repos.probes import (
    AuthSecret,
    Probe,
    auth_secrets,
    check_names,
    find_sync,
    probe_sync,
    rename,
    render_probe,
    template_objects,
    write_sync,
)

DATA = Path(__file__).parent / "data"
SYNC = (DATA / "fleet/clusters/staging/tenants.yaml").read_text()
OBJECTS = list(yaml.safe_load_all((DATA / "fleet-tenants-built.yaml").read_text()))
TEMPLATE = template_objects(OBJECTS, TenantTemplate(), "tenants/staging")


def rendered(probe: Probe) -> dict[str, dict]:
    objects = render_probe(TEMPLATE, FleetProfile(), probe, "http://127.0.0.1:1/example/b24-x.git")
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}


def test_template_is_what_the_tenant_owns() -> None:
    assert [f"{one['kind']}/{one['metadata']['name']}" for one in TEMPLATE] == [
        "Namespace/apps",
        "ClusterRole/dev-team-role",
        "RoleBinding/dev-team-reconciler",
        "Deployment/web-apps",
        "GitRepository/dev-team",
        "GitRepository/library",
        "Kustomization/dev-team",
    ]


@pytest.mark.parametrize("kind", ["Namespace", "GitRepository", "Kustomization"])
def test_a_template_without_its_parts_is_refused(kind: str) -> None:
    objects = [one for one in OBJECTS if one["kind"] != kind]
    with pytest.raises(InputError, match=f"tenants/staging: tenant dev-team has no {kind}"):
        template_objects(objects, TenantTemplate(), "tenants/staging")


def test_a_probe_has_the_names_replaced_and_the_api_left_alone() -> None:
    objects = rendered(Probe(name="b24-x"))
    assert objects["Namespace/b24-x"]["metadata"]["labels"] == {"tenant": "b24-x"}
    assert {one["metadata"].get("namespace", "b24-x") for one in objects.values()} == {"b24-x"}
    binding = objects["RoleBinding/dev-team-reconciler"]
    assert [subject["name"] for subject in binding["subjects"]] == ["gotk:b24-x:reconciler", "flux"]
    assert objects["Deployment/web-apps"]["apiVersion"] == "apps/v1"


def test_cluster_wide_objects_get_a_name_of_their_own_and_references_follow() -> None:
    objects = rendered(Probe(name="b24-x"))
    assert objects["ClusterRole/b24-x-role"]["rules"][0]["apiGroups"] == ["apps"]
    assert objects["RoleBinding/dev-team-reconciler"]["roleRef"]["name"] == "b24-x-role"


def test_only_the_synced_repository_becomes_the_probes() -> None:
    objects = rendered(Probe(name="b24-x"))
    assert objects["GitRepository/b24-x"]["spec"]["url"] == "http://127.0.0.1:1/example/b24-x.git"
    assert objects["GitRepository/library"]["spec"]["url"] == "https://git.example.com/example/library"


def test_path_of_the_sync() -> None:
    assert rendered(Probe(name="b24-x"))["Kustomization/b24-x"]["spec"]["path"] == "./staging"
    assert rendered(Probe(name="b24-x", path="./deny"))["Kustomization/b24-x"]["spec"]["path"] == "./deny"


def test_the_template_itself_stays() -> None:
    before = yaml.safe_dump(TEMPLATE)
    rendered(Probe(name="b24-x", path="./deny"))
    assert yaml.safe_dump(TEMPLATE) == before


def test_rename_takes_whole_words_and_the_longest() -> None:
    names = {"apps": "x", "apps-two": "y"}
    assert rename("apps apps-two apps-three my-apps apps.svc a/apps/b", names) == "x y apps-three my-apps x.svc a/x/b"


@pytest.mark.parametrize("name", ["apps", "dev-team", "flux-system", "Upper", "", "-a", "a" * 64])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="probe tenant"):
        check_names([Probe(name=name)], FleetProfile())


def test_a_name_comes_once() -> None:
    with pytest.raises(InputError, match='probe tenant "a"'):
        check_names([Probe(name="a"), Probe(name="a")], FleetProfile())


def test_sync_is_the_fleets_own_but_for_path_and_waiting() -> None:
    sync = probe_sync(yaml.safe_load(SYNC), "staging", "flux-system")
    assert sync["metadata"] == {"name": "conformance-probes", "namespace": "flux-system"}
    assert sync["spec"] == {
        "serviceAccountName": "kustomize-controller",
        "dependsOn": [{"name": "policies"}],
        "path": "./conformance-probes/staging",
        "prune": True,
        "wait": False,
    }


def test_a_cluster_without_a_tenants_sync_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tenants.yaml").write_text(SYNC)
    assert find_sync([tmp_path], "tenants/staging")["metadata"]["name"] == "tenants"
    with pytest.raises(InputError, match=r"no Flux Kustomization applies \./elsewhere"):
        find_sync([tmp_path], "elsewhere")


def test_a_cluster_that_lists_its_files_lists_the_probes_too(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [tenants.yaml]\n")
    written = write_sync(tmp_path, probe_sync(yaml.safe_load(SYNC), "staging", "flux-system"))
    assert [path.name for path in written] == ["conformance-probes.yaml", "kustomization.yaml"]
    listed = yaml.safe_load((tmp_path / "kustomization.yaml").read_text())["resources"]
    assert listed == ["tenants.yaml", "conformance-probes.yaml"]


def test_secrets_that_the_platform_makes() -> None:
    assert auth_secrets(OBJECTS) == [
        AuthSecret(namespace="apps", name="dev-team-auth", url="https://git.example.com/example/dev-team")
    ]
