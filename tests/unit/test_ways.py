"""Each way of onboarding is refused where the fleet lacks what it takes, and credentials are what Flux reads."""

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from conformance.bootstrap.credentials import credential_secret
from conformance.bootstrap.ways import check_ways
from conformance.errors import InputError
from conformance.model import Environment, Onboarding, Sync
from conformance.repos.access_control import Access, Credential
from conformance.repos.fleet import load_fleet
from conformance.repos.git_server import GitServer
from conformance.repos.probes import AuthSecret
from conformance.repos.ssh import DeployKey
from conformance.settings import data_dir

STAGING = [Environment.STAGING]


def check(root: Path, onboarding: Onboarding = Onboarding.BASE, sync: Sync = Sync.GIT) -> None:
    check_ways(load_fleet(root, STAGING), STAGING, onboarding, sync)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return shutil.copytree(data_dir("fleet-repo"), tmp_path / "fleet")


@pytest.mark.parametrize(
    ("folder", "asked", "said"),
    [
        ("tenants/resourceset/staging", {"onboarding": Onboarding.RESOURCESET}, "environments.staging.resourceSet"),
        ("tenants/oci/staging", {"sync": Sync.OCI}, "environments.staging.ociTenants"),
        (
            "tenants/oci/resourceset/staging",
            {"sync": Sync.OCI, "onboarding": Onboarding.RESOURCESET},
            "environments.staging.ociResourceSet",
        ),
        (
            "tenants/components/guardrails",
            {"onboarding": Onboarding.COMMAND},
            "no folder tenants/components/guardrails",
        ),
    ],
)
def test_a_way_needs_its_folder_and_no_other_way_does(
    fleet: Path, folder: str, asked: dict[str, Any], said: str
) -> None:
    check(fleet, **asked)
    shutil.rmtree(fleet / folder)
    with pytest.raises(InputError, match=said):
        check(fleet, **asked)
    check(fleet)


class FakeGit:
    """A server with one repository, over HTTP and SSH."""

    url = "http://127.0.0.1:1"

    class ssh:  # noqa: N801
        url = "ssh://git@127.0.0.1:2"
        known_hosts = "[127.0.0.1]:2 ssh-ed25519 AAAA\n"

        @staticmethod
        def deploy_key(path: str) -> DeployKey:
            return DeployKey(public=f"public of {path}", identity="identity")

    def credential(self, path: str) -> Credential:
        return Credential(username="git", password=f"for {path}", access=Access.READ)


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("http://127.0.0.1:1/example/a.git", {"username": "git", "password": "for example/a.git"}),
        (
            "ssh://git@127.0.0.1:2/example/a.git",
            {
                "identity": "identity",
                "identity.pub": "public of example/a.git",
                "known_hosts": "[127.0.0.1]:2 ssh-ed25519 AAAA\n",
            },
        ),
    ],
)
def test_a_credential_is_a_token_or_a_deploy_key(url: str, data: dict[str, str]) -> None:
    made = credential_secret(cast("GitServer", FakeGit()), AuthSecret(namespace="a", name="a-auth", url=url))
    assert made["metadata"] == {"name": "a-auth", "namespace": "a"}
    assert made["stringData"] == data
