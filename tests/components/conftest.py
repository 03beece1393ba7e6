from collections.abc import Iterator
from pathlib import Path

import pytest
from support.binaries import binary, run_folder
from support.git_client import FLEET, push

from conformance.repos.access_control import Access
from conformance.repos.git_server import GitServer

__all__ = ["binary", "run_folder"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "git", tmp_path / "log" / "access.jsonl") as running:
        yield running


@pytest.fixture
def fleet(server: GitServer, tmp_path: Path) -> str:
    """A repository with one commit; returns the commit."""
    server.create_repository(FLEET, credentials={"writer": Access.WRITE, "reader": Access.READ})
    folder = tmp_path / "fleet"
    (folder / "clusters" / "staging").mkdir(parents=True)
    (folder / "clusters" / "staging" / "tenants.yaml").write_text("kind: Kustomization\n")
    return push(server, folder, FLEET)
