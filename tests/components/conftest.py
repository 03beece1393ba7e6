import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.git_client import FLEET, push

from conformance.repos.access_control import Access
from conformance.repos.git_server import GitServer
from conformance.runs import RunFolder, open_run
from conformance.settings import cache_dir, environment
from conformance.toolchain import Toolchain

TOOLCHAIN = "FLUX_TENANCY_TOOLCHAIN"
"""An explicit folder of binaries; without it the tests take the cache, or build into it."""


@pytest.fixture(scope="session")
def binary() -> Iterator[Callable[[str], Path]]:
    folder = environment().get(TOOLCHAIN)
    with Toolchain("2.9.2", Path(folder) if folder else None, cache_dir(), print) as toolchain:
        yield toolchain.path


@pytest.fixture
def run_folder() -> Iterator[RunFolder]:
    folder = open_run(f"test-{secrets.token_hex(4)}")
    yield folder
    folder.remove()


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
