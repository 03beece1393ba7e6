"""The SSH side of the git server, against real git and this suite's own client."""

from pathlib import Path

import pytest
from support.git_client import EVIL, FLEET, clone, push

from conformance.repos.access_control import Access
from conformance.repos.git_server import GitServer
from conformance.repos.push import TenantRepository
from conformance.repos.ssh import DeployKey, make_key


@pytest.fixture
def repository(server: GitServer, fleet: str, tmp_path: Path) -> TenantRepository:
    assert fleet
    return clone(server, FLEET, tmp_path / "clone", "writer")


def _push(server: GitServer, repository: TenantRepository, key: DeployKey, name: str, branch: str, folder: Path) -> str:
    return repository.push_with(server.ssh.client_command(key, folder), f"{server.ssh.url}/{name}", branch)


def test_a_key_that_may_write_pushes(server: GitServer, repository: TenantRepository, tmp_path: Path) -> None:
    key = server.ssh.deploy_key(FLEET, access=Access.WRITE)
    assert _push(server, repository, key, FLEET, "new", tmp_path / "key") == ""
    assert repository.has_branch("new")
    [entry] = [e for e in server.entries(repository=FLEET, service="receive-pack") if e.method == "SSH"]
    assert (entry.status, entry.user) == (200, f"deploy key of {FLEET}")


def test_a_key_that_may_read_does_not_push(server: GitServer, repository: TenantRepository, tmp_path: Path) -> None:
    key = server.ssh.deploy_key(FLEET)
    assert "denied to this deploy key" in _push(server, repository, key, FLEET, "new", tmp_path / "key")
    assert not repository.has_branch("new")


def test_a_key_opens_its_own_repository_only(server: GitServer, repository: TenantRepository, tmp_path: Path) -> None:
    server.create_repository(EVIL)
    push(server, tmp_path / "fleet", EVIL)
    key = server.ssh.deploy_key(EVIL, access=Access.WRITE)
    assert "denied to this deploy key" in _push(server, repository, key, FLEET, "new", tmp_path / "key")
    assert [e.status for e in server.entries(repository=FLEET, service="receive-pack") if e.method == "SSH"] == [403]


def test_an_unknown_key_does_not_get_in(server: GitServer, repository: TenantRepository, tmp_path: Path) -> None:
    assert "Permission denied" in _push(server, repository, make_key(), FLEET, "new", tmp_path / "key")


def test_open_to_all_opens_ssh_too(server: GitServer, repository: TenantRepository, tmp_path: Path) -> None:
    with server.open_to_all():
        assert _push(server, repository, make_key(), FLEET, "new", tmp_path / "key") == ""
    assert repository.has_branch("new")


def test_a_repository_that_is_not_there_is_denied(
    server: GitServer, repository: TenantRepository, tmp_path: Path
) -> None:
    key = server.ssh.deploy_key("example/missing", access=Access.WRITE)
    assert "denied to this deploy key" in _push(server, repository, key, "example/missing", "new", tmp_path / "key")


def test_another_host_key_is_not_the_servers(server: GitServer) -> None:
    assert server.ssh.known_hosts_of_another() != server.ssh.known_hosts
    assert server.ssh.known_hosts.startswith(f"[127.0.0.1]:{server.ssh.port} ssh-ed25519 ")


def test_the_port_is_closed_with_the_server(tmp_path: Path) -> None:
    with GitServer(tmp_path / "git", tmp_path / "log" / "access.jsonl") as running:
        first = running.ssh
        assert first is running.ssh
    running.stop()
