"""A branch of the fleet: fetched from Git or as an artifact, with tenants written in the way of the run."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance import onboarding
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import Ref
from conformance.model import Sync
from conformance.onboarding import FleetBranch
from conformance.repos.fleet_config import FleetProfile
from conformance.repos.push import TenantRepository
from conformance.repos.writers import Newcomer
from conformance.settings import Timeouts

HEAD, DIGEST = "c0ffee", "sha256:d1"


class FakeClient:
    """Knows the platform's own objects; what is applied is fetched at once, as `fetched` says."""

    def __init__(self, fetched: str, allowed: str) -> None:
        self.fetched = fetched
        self.allowed = allowed
        self.applied: list[Mapping[str, Any]] = []

    def get(self, ref: Ref) -> Mapping[str, Any]:
        if ref.kind == "ConfigMap":
            return {"data": {"allowedPrefixes": self.allowed}}
        spec = {"interval": "1m", "url": "u", "suspend": True, "prune": True, "dependsOn": [{"name": "policies"}]}
        return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name}, "spec": spec}

    def apply(self, manifest: Mapping[str, Any], **_: object) -> None:
        self.applied.append(manifest)

    def objects_at(self, *_: object, **__: object) -> tuple[list[Mapping[str, Any]], str]:
        return [{**self.applied[-1], "status": {"artifact": {"revision": self.fetched}}}], "1"

    def watch(self, *_: object, **__: object) -> list[tuple[str, Mapping[str, Any]]]:
        return []


class FakeWriter:
    """Notes what it is to write."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.written: list[tuple[str, Newcomer]] = []

    def write(self, _: Path, folder: str, newcomers: list[Newcomer]) -> None:
        self.written += [(folder, one) for one in newcomers]

    def set_of(self, _: str) -> str:
        return self.name


class FakeRepository:
    """A checkout whose commits have one head."""

    folder = Path("checkout")
    url = "http://g/platform/fleet.git"
    branch = "h07-1"

    def commit(self, _: str) -> str:
        return HEAD


def branch(sync: Sync, fetched: str, *, allowed: str = "", writer: FakeWriter | None = None) -> FleetBranch:
    ssh = SimpleNamespace(url="ssh://git@h:2")
    platform = SimpleNamespace(
        client=FakeClient(fetched, allowed),
        sync=sync,
        writer=writer or FakeWriter(),
        flux_namespace="flux-system",
        timeouts=Timeouts().scaled(0.001),
        traces={"H07": set()},
        git=SimpleNamespace(ssh=ssh),
        git_url="http://h:1/example",
        fleet=SimpleNamespace(profile=FleetProfile()),
    )
    return FleetBranch(cast("Platform", platform), "h07", cast("TenantRepository", FakeRepository()))


def test_a_commit_is_fetched_from_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onboarding, "push_fleet", lambda *_: pytest.fail("nothing is pushed as an artifact"))
    one = branch(Sync.GIT, f"h07-1@sha1:{HEAD}")
    assert one.commit("x") == f"sha1:{HEAD}"
    (source,) = cast("FakeClient", one.platform.client).applied
    assert (source["kind"], source["metadata"]["name"], source["spec"]["ref"]) == (
        "GitRepository",
        "h07-fleet",
        {"branch": "h07-1"},
    )
    assert source["spec"]["suspend"] is False
    assert {ref.kind for ref in one.platform.traces["H07"]} == {"GitRepository"}


def test_a_commit_is_pushed_as_an_artifact_and_its_digest_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onboarding, "push_fleet", lambda _, repository, head: f"{DIGEST}-{repository.branch}-{head}")
    one = branch(Sync.OCI, f"h07-1@{DIGEST}-h07-1-{HEAD}")
    assert one.commit("x") == f"{DIGEST}-h07-1-{HEAD}"
    sync = one.sync("tenants")
    source, copy = cast("FakeClient", one.platform.client).applied
    assert (source["kind"], source["spec"]["ref"]) == ("OCIRepository", {"tag": "h07-1"})
    assert copy["spec"]["sourceRef"] == {"kind": "OCIRepository", "name": "h07-fleet"}
    assert copy["spec"]["path"] == "./conformance-probes/h07/tenants"
    assert "dependsOn" not in copy["spec"]
    assert sync.name == "h07-tenants"


def test_an_old_revision_is_not_what_was_committed() -> None:
    with pytest.raises(Breakdown, match=f"h07-fleet did not fetch sha1:{HEAD} within"):
        branch(Sync.GIT, "h07-1@sha1:0ld").commit("x")


@pytest.mark.parametrize(
    ("allowed", "ssh", "url"),
    [
        ("http://h:1/example/\nssh://git@h:2/example/\n", True, "ssh://git@h:2/example/shared-a.git"),
        ("http://h:1/example/\nssh://git@h:2/other/\n", True, "http://h:1/example/shared-a.git"),
        ("ssh://git@h:2/example/\n", False, "http://h:1/example/shared-a.git"),
    ],
    ids=["permitted", "not permitted", "not asked for"],
)
def test_a_tenant_has_an_ssh_address_where_the_fleet_permits_it(allowed: str, ssh: bool, url: str) -> None:
    writer = FakeWriter()
    branch(Sync.GIT, "", allowed=allowed, writer=writer).write_tenant("h07-new", like="shared-a", path="./x", ssh=ssh)
    ((folder, newcomer),) = writer.written
    assert folder == "conformance-probes/h07/tenants"
    assert newcomer == Newcomer(name="h07-new", url=url, path="./x")


def test_tenants_are_applied_by_the_sync_or_by_the_resource_set() -> None:
    sync = Ref("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "h07-tenants", "flux-system")
    assert branch(Sync.GIT, "").tenants_by(sync) == sync
    by_set = branch(Sync.GIT, "", writer=FakeWriter("h07-set")).tenants_by(sync)
    assert (by_set.kind, by_set.name, by_set.namespace) == ("ResourceSet", "h07-set", "flux-system")
