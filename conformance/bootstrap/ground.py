"""What the servers hold before Flux starts: the fleet, the tenants' repositories, charts, and the disallowed twins."""

import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from conformance.artifacts import Registry, push_manifests
from conformance.bootstrap.encryption import Keys, make_keys, write_for_platform, write_for_tenants
from conformance.bootstrap.ways import Ways
from conformance.errors import InputError
from conformance.model import Environment, Onboarding, Route, Sync
from conformance.process import run
from conformance.repos import flux_instance, oci_sync
from conformance.repos.fleet import Fleet, render_fleet
from conformance.repos.git_server import GitServer
from conformance.repos.mapping import AddressMap, copy_mapped
from conformance.repos.probes import AuthSecret, Probe
from conformance.repos.push import TenantRepository, commit_and_push
from conformance.repos.tenant_repo import render_tenant
from conformance.repos.writers import Writer
from conformance.settings import data_dir, environment

FLEET_REPOSITORY = "platform/fleet"
EVIL = "evil"
"""The organisation that no allowlist permits; it exists and can be cloned, so that a denial is never a dead host."""

_PUSHES = 4
"""At the same time: each is a few short processes on both sides."""
_SUBMODULE = re.compile(r"^\s*path = (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The pushed repositories."""

    fleet_commit: str
    added_files: Sequence[str]
    changes: Sequence[str]
    """What else differs in the pushed fleet, besides addresses, in words."""
    addresses: AddressMap
    secrets: Sequence[AuthSecret]
    repositories: Mapping[str, TenantRepository]
    keys: Keys
    writer: Writer
    """Brings in further tenants, in the way of this run."""


def address_map(fleet: Fleet, git: GitServer, registry: Registry) -> AddressMap:
    """Return the one rule that turns the fleet's addresses into local ones."""
    addresses = fleet.profile.addresses
    return AddressMap(
        {
            addresses.git: f"{git.url}/",
            addresses.ssh: f"{git.ssh.url}/",
            addresses.helm: f"{git.url}/charts/",
            addresses.oci: f"oci://{registry.address}/",
        }
    )


def lay(
    fleet: Fleet,
    tenant_repo: Path,
    env: Environment,
    probes: Sequence[str],
    *,
    git: GitServer,
    registry: Registry,
    kubectl: Path,
    flux: Path,
    sops: Path,
    folder: Path,
    outside: str,
    flux_version: str,
    images: Mapping[str, str],
    sync: Sync,
    onboarding: Onboarding,
) -> Ground:
    """Push the fleet with its probe tenants, each tenant's repository, and what the disallowed organisation holds.

    Args:
        outside: a folder on source-controller's disk, for attacks that climb out of a repository.
        flux_version: of the release under certification; a FluxInstance is to name it.
        images: of controllers, which nodes find by tag alone: name -> image.

    Raises:
        InputError: the fleet or tenant repository has not the shape that conformance.yaml says.
        ServerError: a push failed.
    """
    addresses = address_map(fleet, git, registry)
    rendered = folder / "fleet"

    def build(path: Path) -> str:
        home = {"PATH": environment()["PATH"], "HOME": str(folder)}
        return run([kubectl, "kustomize", path], timeout_s=60, env=home).stdout

    organisation = fleet.profile.organisation.strip("/")
    keys = make_keys(probes)
    for probe in probes:
        git.create_repository(f"{organisation}/{probe}")

    ways = Ways(
        fleet=fleet,
        environment=env,
        sync=sync,
        onboarding=onboarding,
        git=git,
        key=keys.platform,
        flux=flux,
        sops=sops,
        build=build,
        home=folder / "ways",
    )
    newcomers = [Probe(name=name) for name in probes]
    made = render_fleet(fleet, env, addresses, newcomers, rendered, build, ways.writer)
    added = list(made.added)
    common = folder / "attacks"
    copy_mapped(data_dir("fixtures") / "attacks", common, _attack_map(git, organisation, addresses))
    write_for_tenants(sops, keys, folder / "sealed", home=folder / "sops")
    repositories = _push_probes(probes, git, folder, organisation)
    if probes:
        owner = "shared-a" if "shared-a" in probes else probes[0]
        credential = git.credential(f"{organisation}/{owner}")
        write_for_platform(sops, keys, rendered, credential, home=folder / "sops")
    changes: Sequence[str] = ()
    if fleet.route is Route.OPERATOR:
        instance = flux_instance.find(rendered, fleet.entry(env), fleet.profile.flux_namespace)
        url = git.repository_url(FLEET_REPOSITORY)
        changes = flux_instance.adapt(instance, url=url, version=flux_version, images=images)
    if sync is Sync.OCI:
        changes = [*changes, *_sync_by_artifact(fleet, env, rendered, registry)]
    git.create_repository(FLEET_REPOSITORY)
    commit = _push(git, FLEET_REPOSITORY, rendered, "Fleet under certification")
    _push_tenants(fleet, tenant_repo, git, addresses, folder, organisation)
    if sync is Sync.OCI:
        _push_artifacts(fleet, git, registry, flux, folder)
    harmless = _push_public(git, folder, organisation)
    fixtures = _attack_map(git, organisation, addresses, outside=outside)
    _push_fixtures(git, folder, organisation, fixtures, harmless)
    return Ground(
        fleet_commit=commit,
        added_files=added,
        changes=changes,
        addresses=addresses,
        secrets=made.secrets,
        writer=made.writer,
        repositories=repositories,
        keys=keys,
    )


def _sync_by_artifact(fleet: Fleet, env: Environment, rendered: Path, registry: Registry) -> list[str]:
    """Turn a rendered fleet to the artifact that it will be pushed as; return what was changed, for the report."""
    entry, flux = fleet.entry(env), fleet.profile.flux_namespace
    instance = flux_instance.find(rendered, entry, flux)
    said = oci_sync.sync_by_artifact(instance, f"{registry.url}/{FLEET_REPOSITORY}")
    folders = [rendered / entry, rendered / fleet.folders(env).cluster]
    turned = [str(path.relative_to(rendered)) for path in oci_sync.turn(folders, flux)]
    return [*said, *(f"{path}: sourceRef.kind is {oci_sync.KIND}" for path in turned)]


def _push_artifacts(fleet: Fleet, git: GitServer, registry: Registry, flux: Path, folder: Path) -> None:
    """Push the fleet and its own tenants' repositories as artifacts too."""
    organisation = fleet.profile.organisation.strip("/")
    wanted = {FLEET_REPOSITORY: folder / "fleet"}
    wanted |= {f"{organisation}/{tenant}": folder / "tenants" / tenant for tenant in fleet.profile.tenants}
    for repository, content in wanted.items():
        push_manifests(
            flux,
            content,
            f"{registry.url}/{repository}",
            source=git.repository_url(repository),
            revision="main",
            home=folder / "ways",
            tag=oci_sync.TAG,
        )


def _push(
    git: GitServer, repository: str, worktree: Path, message: str, submodules: Mapping[str, str] | None = None
) -> str:
    credential = git.credential(repository)
    return commit_and_push(
        worktree,
        git.repository_url(repository),
        message=message,
        username=credential.username,
        password=credential.password,
        submodules=submodules or {},
    )


def _push_probes(probes: Sequence[str], git: GitServer, folder: Path, organisation: str) -> dict[str, TenantRepository]:
    def push(probe: str) -> TenantRepository:
        worktree = folder / "seeds" / probe
        shutil.copytree(folder / "attacks", worktree / "attacks", symlinks=True)
        shutil.copytree(folder / "sealed", worktree / "sealed")
        for environment_folder in Environment:
            _write(worktree / environment_folder / "tenant-live.yaml", _live(probe))
        repository = f"{organisation}/{probe}"
        _push(git, repository, worktree, f"Repository of {probe}")
        credential = git.credential(repository)
        return TenantRepository(
            folder / "clones" / probe,
            git.repository_url(repository),
            username=credential.username,
            password=credential.password,
        )

    with ThreadPoolExecutor(_PUSHES, "push") as pool:
        return dict(zip(probes, pool.map(push, probes), strict=True))


def _attack_map(git: GitServer, organisation: str, addresses: AddressMap, outside: str = "") -> AddressMap:
    """Return the map for the suite's own fixtures, which name the reference fleet's hosts and organisation."""
    oci = next(target for target in addresses.describe().values() if target.startswith("oci://"))
    return AddressMap(
        {
            "https://git.example.com/example/": f"{git.url}/{organisation}/",
            "https://git.example.com/": f"{git.url}/",
            "https://charts.example.com/example/": f"{git.url}/charts/{organisation}/",
            "https://charts.example.com/": f"{git.url}/charts/",
            "oci://registry.example.com/example/": f"{oci}{organisation}/",
            "oci://registry.example.com/": oci,
            "file://outside.example.com/": f"file://{'../' * 32}{outside.lstrip('/')}/",
        }
    )


def _push_tenants(
    fleet: Fleet, tenant_repo: Path, git: GitServer, addresses: AddressMap, folder: Path, organisation: str
) -> None:
    template = fleet.profile.tenant_template
    for tenant, namespace in fleet.profile.tenants.items():
        worktree = folder / "tenants" / tenant
        names = {template.namespace: namespace, template.tenant: tenant} if tenant != template.tenant else None
        render_tenant(tenant_repo, addresses, worktree, names)
        git.create_repository(f"{organisation}/{tenant}")
        _push(git, f"{organisation}/{tenant}", worktree, f"Repository of {tenant}")


def _push_public(git: GitServer, folder: Path, organisation: str) -> str:
    """Publish what attacks reach for: clonable by anyone, in both organisations and a look-alike of the first."""
    worktree = folder / "public"
    component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "resources": ["configmap.yaml"]}
    _write(worktree / "base" / "kustomization.yaml", {"resources": ["configmap.yaml"]})
    _write(worktree / "base" / "configmap.yaml", _config_map("remote-base"))
    _write(worktree / "component" / "kustomization.yaml", component)
    _write(worktree / "component" / "configmap.yaml", _config_map("remote-component"))
    first = f"{organisation}/public"
    git.create_repository(first, public=True)
    commit = _push(git, first, worktree, "Harmless base")
    for name in (organisation, f"{organisation}devil", EVIL):
        for repository in ("public", "x", "j02-canary", "b13-canary"):
            if f"{name}/{repository}" != first:
                git.clone_repository(first, f"{name}/{repository}", public=True)
        git.publish_file(f"{name}/remote.yaml", yaml.safe_dump(_config_map("remote-file")))
    return commit


def _push_fixtures(git: GitServer, folder: Path, organisation: str, addresses: AddressMap, submodule: str) -> None:
    """Publish, for everybody and below the permitted prefix, what leads elsewhere.

    Each folder of fixtures/public is a repository; a path that its .gitmodules names becomes a submodule that stands
    on the commit `submodule`. Each folder of fixtures/indexes is the index of a Helm repository, and each file of
    fixtures/remote a plain file.
    """
    for file in sorted((data_dir("fixtures") / "remote").iterdir()):
        git.publish_file(f"{organisation}/{file.name}", file.read_text())
    for source in sorted((data_dir("fixtures") / "indexes").iterdir()):
        copy_mapped(source, folder / "indexes" / source.name, addresses)
        git.publish_charts(f"{organisation}/{source.name}", folder / "indexes" / source.name)
    for source in sorted((data_dir("fixtures") / "public").iterdir()):
        worktree, repository = folder / "fixtures" / source.name, f"{organisation}/{source.name}"
        copy_mapped(source, worktree, addresses)
        modules = worktree / ".gitmodules"
        named = _SUBMODULE.findall(modules.read_text()) if modules.is_file() else []
        git.create_repository(repository, public=True)
        _push(git, repository, worktree, f"Fixture {source.name}", dict.fromkeys(named, submodule))


def _live(namespace: str) -> dict[str, object]:
    metadata = {"name": "tenant-live", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"tenant": namespace}}


def _config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"harmless": "canary"}}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def canary_value() -> str:
    """Return a unique value that must never leave the namespace that it is put in."""
    return f"canary-{secrets.token_hex(12)}"


def fixture_folders() -> list[str]:
    """Return the ids of checks that bring content for Git.

    Raises:
        InputError: the fixtures are not there; the installation is broken.
    """
    attacks = data_dir("fixtures") / "attacks"
    if not attacks.is_dir():
        raise InputError(f"{attacks}: the fixtures are not there", hint="install the package anew")
    return sorted(path.name for path in attacks.iterdir())
