"""Binaries of the toolchain and folders of a run, for tests that start real processes."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
