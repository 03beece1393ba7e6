"""A tenant is written into a fleet by its base, by `flux create tenant`, or as an input of a ResourceSet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Manifest
from conformance.repos.command_writer import CommandWriter
from conformance.repos.fleet_config import FleetProfile, TenantTemplate
from conformance.repos.probes import AuthSecret, change_sync, template_objects
from conformance.repos.resourceset_writer import COPY_FROM, ResourceSetWriter, find_set, made_by_hand
from conformance.repos.writers import BaseWriter, Newcomer

DATA = Path(__file__).parent / "data"
OBJECTS = list(yaml.safe_load_all((DATA / "fleet-tenants-built.yaml").read_text()))
TEMPLATE = template_objects(OBJECTS, TenantTemplate(), "tenants/staging")
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "dev-team-reconciler", "namespace": "apps"},
    "roleRef": {"kind": "ClusterRole", "name": "dev-team-role"},
    "subjects": [{"kind": "ServiceAccount", "name": "flux", "namespace": "apps"}],
}
FOLDER = "conformance-probes/staging"
NEW = Newcomer(name="b24-x", url="http://127.0.0.1:1/example/b24-x.git")
OTHER = Newcomer(name="shared-a", url="ssh://git@127.0.0.1:2/example/shared-a.git", path="./attacks/h07")
DECRYPTION = {"decryption": {"provider": "sops"}}
SET: Manifest = {
    "apiVersion": "fluxcd.controlplane.io/v1",
    "kind": "ResourceSet",
    "metadata": {"name": "tenants", "namespace": "flux-system", "annotations": {"a": "b"}},
    "spec": {
        "serviceAccountName": "flux-operator",
        "inputs": [
            {"tenant": "ops-team", "namespace": "ops", "url": "http://x/ops-team", "path": "./staging"},
            {"tenant": "dev-team", "namespace": "apps", "url": "http://x/dev-team", "path": "./staging"},
        ],
        "resources": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "<< inputs.namespace >>"}},
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": "<< inputs.tenant >>-auth",
                    "annotations": {COPY_FROM: "flux-system/<< inputs.tenant >>-auth"},
                },
            },
        ],
    },
}


def seal(secret: AuthSecret) -> str:
    return f"sealed: {secret.namespace}/{secret.name} for {secret.url}\n"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


class Flux:
    """Notes what it was told, and prints its first words."""

    def __init__(self) -> None:
        self.told: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str]) -> str:
        self.told.append(words)
        return f"---\nprinted: {' '.join(words[:3])}\n"


def commanded(flux: Flux, template: Sequence[Manifest] = TEMPLATE) -> CommandWriter:
    return CommandWriter(template=template, profile=FleetProfile(), flux=flux, seal=seal, sync_spec=DECRYPTION)


def by_set(own: Manifest = SET) -> ResourceSetWriter:
    return ResourceSetWriter(own=own, profile=FleetProfile(), seal=seal, sync_spec=DECRYPTION)


def test_by_base_a_tenant_is_one_file_and_its_credential_is_made_by_hand(tmp_path: Path) -> None:
    writer = BaseWriter(TEMPLATE, FleetProfile())
    (written, _) = writer.write(tmp_path, FOLDER, [NEW, OTHER])
    assert written == tmp_path / FOLDER / "b24-x.yaml"
    kinds = {one["kind"]: one for one in yaml.safe_load_all(written.read_text())}
    assert kinds["Namespace"]["metadata"]["name"] == "b24-x"
    assert [one.url for one in writer.secrets(tmp_path, FOLDER)] == [NEW.url, OTHER.url]
    writer.remove(tmp_path, FOLDER, "shared-a")
    assert [one.namespace for one in writer.secrets(tmp_path, FOLDER)] == ["b24-x"]
    assert (writer.set_of(FOLDER), dict(writer.sync_spec)) == ("", {})


def test_by_command_flux_is_told_what_the_fleets_own_tenant_has(tmp_path: Path) -> None:
    flux = Flux()
    commanded(flux).write(tmp_path, FOLDER, [OTHER])
    tenant, source, sync = flux.told
    account = "--with-service-account=flux"
    role = "--cluster-role=dev-team-role"
    assert tenant == ["create", "tenant", "shared-a", "--with-namespace=shared-a", account, role, "--export"]
    assert source[:5] == ["create", "source", "git", "shared-a", "--namespace=shared-a"]
    assert {f"--url={OTHER.url}", "--branch=main", "--secret-ref=shared-a-auth", "--export"} <= set(source)
    assert sync[:4] == ["create", "kustomization", "shared-a", "--namespace=shared-a"]
    assert {"--path=./attacks/h07", "--service-account=flux", "--source=GitRepository/shared-a"} <= set(sync)


def test_by_command_a_tenant_is_a_folder_with_the_guardrails_and_a_sealed_credential(tmp_path: Path) -> None:
    writer = commanded(Flux())
    written = writer.write(tmp_path, FOLDER, [NEW])
    place = tmp_path / FOLDER / "b24-x"
    assert written == [place / f"{name}.yaml" for name in ("rbac", "sync", "auth", "kustomization")]
    assert (place / "auth.yaml").read_text() == f"sealed: b24-x/b24-x-auth for {NEW.url}\n"
    assert list(yaml.safe_load_all((place / "sync.yaml").read_text())) == [
        {"printed": "create source git"},
        {"printed": "create kustomization b24-x"},
    ]
    listed = read(place / "kustomization.yaml")
    assert listed["resources"] == ["rbac.yaml", "sync.yaml", "auth.yaml"]
    assert listed["namespace"] == "b24-x"
    assert listed["labels"] == [{"pairs": {"toolkit.fluxcd.io/tenant": "b24-x"}}]
    (component,) = listed["components"]
    assert (place / component).resolve() == (tmp_path / "tenants/components/guardrails").resolve()
    assert writer.secrets(tmp_path, FOLDER) == []
    writer.remove(tmp_path, FOLDER, "b24-x")
    assert not place.exists()


def test_by_command_a_public_repository_needs_no_credential(tmp_path: Path) -> None:
    public = [
        {**one, "spec": {key: value for key, value in one["spec"].items() if key != "secretRef"}}
        if one["kind"] == "GitRepository"
        else one
        for one in TEMPLATE
    ]
    flux = Flux()
    commanded(flux, public).write(tmp_path, FOLDER, [NEW])
    assert not (tmp_path / FOLDER / "b24-x/auth.yaml").exists()
    assert not [word for words in flux.told for word in words if "secret-ref" in word]


def test_by_command_a_fleet_that_binds_no_cluster_role_is_refused(tmp_path: Path) -> None:
    bound = {**ROLE, "roleRef": {"kind": "Role", "name": "own"}}
    with pytest.raises(InputError, match="no RoleBinding gives a ClusterRole to its ServiceAccount flux"):
        commanded(Flux(), [one for one in TEMPLATE if one["kind"] != "RoleBinding"] + [bound]).write(
            tmp_path, FOLDER, [NEW]
        )


def test_by_resourceset_tenants_are_inputs_of_one_copy(tmp_path: Path) -> None:
    writer = by_set()
    written = writer.write(tmp_path, FOLDER, [NEW])
    assert written == [tmp_path / FOLDER / name for name in ("tenants.yaml", "b24-x-auth.yaml")]
    writer.write(tmp_path, FOLDER, [OTHER])
    made = read(tmp_path / FOLDER / "tenants.yaml")
    assert made["metadata"] == {
        "annotations": {"a": "b"},
        "name": "conformance-probes-staging",
        "namespace": "flux-system",
    }
    assert writer.set_of(FOLDER) == made["metadata"]["name"]
    assert made["spec"]["resources"] == SET["spec"]["resources"]
    assert made["spec"]["serviceAccountName"] == "flux-operator"
    assert made["spec"]["inputs"] == [
        {"tenant": "b24-x", "namespace": "b24-x", "url": NEW.url, "path": "./staging"},
        {"tenant": "shared-a", "namespace": "shared-a", "url": OTHER.url, "path": "./attacks/h07"},
    ]
    sealed = (tmp_path / FOLDER / "shared-a-auth.yaml").read_text()
    assert sealed == f"sealed: flux-system/shared-a-auth for {OTHER.url}\n"
    assert writer.secrets(tmp_path, FOLDER) == []


def test_by_resourceset_taking_the_entry_out_leaves_the_others(tmp_path: Path) -> None:
    writer = by_set()
    writer.write(tmp_path, FOLDER, [NEW, OTHER])
    writer.remove(tmp_path, FOLDER, "b24-x")
    made = read(tmp_path / FOLDER / "tenants.yaml")
    assert [entry["tenant"] for entry in made["spec"]["inputs"]] == ["shared-a"]
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == ["shared-a-auth.yaml", "tenants.yaml"]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([], "no ResourceSet has tenant dev-team among its inputs"),
        (
            [{**SET, "spec": {**SET["spec"], "inputs": [{"tenant": "dev-team", "path": "./staging"}]}}],
            "the entry of tenant dev-team has no url",
        ),
        (
            [{**SET, "spec": {**SET["spec"], "resources": SET["spec"]["resources"][:1]}}],
            "the ResourceSet copies no credential to tenant dev-team",
        ),
    ],
)
def test_a_set_that_tenants_cannot_be_made_by_is_refused(objects: list[Manifest], said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_set(objects, "dev-team", "fleet")
    assert find_set([SET], "dev-team", "fleet") is SET


def test_credentials_of_the_fleets_own_tenants_are_made_where_the_set_copies_them_from() -> None:
    assert made_by_hand([SET]) == [
        AuthSecret(namespace="flux-system", name="ops-team-auth", url="http://x/ops-team"),
        AuthSecret(namespace="flux-system", name="dev-team-auth", url="http://x/dev-team"),
    ]


def test_the_fleets_sync_gets_what_the_way_needs_and_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "tenants.yaml"
    path.write_text((DATA / "fleet/clusters/staging/tenants.yaml").read_text())
    before = list(yaml.safe_load_all(path.read_text()))
    assert change_sync([tmp_path], "tenants/staging", {**DECRYPTION, "prune": False}) == [path]
    after = list(yaml.safe_load_all(path.read_text()))
    assert [{**one, "spec": {**one["spec"], **DECRYPTION}} for one in before] == after
    assert change_sync([tmp_path], "tenants/nowhere", DECRYPTION) == []
    change_sync([tmp_path], "tenants/staging", {"path": "./elsewhere"})
    assert [one["spec"]["path"] for one in yaml.safe_load_all(path.read_text())] == ["./elsewhere"]
