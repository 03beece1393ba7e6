"""A platform of the Flux CLI, for tests that change it by themselves; an upgrade as a user starts it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.binaries import binary
from support.upgrades import SOURCE, TARGET, upgrade

from conformance.bootstrap.bring_up import Order, running_platform
from conformance.bootstrap.platform import Platform
from conformance.model import Environment
from conformance.process import processes_of_run
from conformance.progress import PhaseClock
from conformance.providers.embedded import EmbeddedProvider
from conformance.repos.fleet import load_fleet
from conformance.runs import open_run
from conformance.settings import Timeouts, cache_dir, data_dir
from conformance.toolchain import Toolchain
from conformance.upgrading import TENANTS

__all__ = ["binary"]
RUN = "test-upgrade"
CHECKS = "A01 or A02 or A03 or A20 or B01 or C01 or F01 or F07 or G01 or H06 or J10"
"""Of the upgrade by a commit. A20 sees that the lockdown still stands in Git: the commit leaves the patches alone."""


@pytest.fixture(scope="session")
def target() -> Iterator[Toolchain]:
    with Toolchain(TARGET, None, cache_dir(), print) as toolchain:
        yield toolchain


@pytest.fixture(scope="session")
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Upgrade by a commit of new components and back; return the exit code and the report's folder."""
    folder = tmp_path_factory.mktemp("upgrade") / "report"
    return upgrade(request, folder, CHECKS, "--bootstrap", "cli", "--and-back"), folder


@pytest.fixture(scope="module")
def platform(binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = open_run(RUN)
    report = tmp_path_factory.mktemp("report")
    provider = EmbeddedProvider(folder=folder, name="c", binary=binary, logs=report, timeouts=Timeouts())
    order = Order(
        environment=Environment.STAGING,
        name="staging",
        fleet=load_fleet(data_dir("fleet-repo"), [Environment.STAGING]),
        tenant_repo=data_dir("tenant-repo"),
        probes=list(TENANTS),
        provider=provider,
        binary=binary,
        all_binaries=lambda: None,
        folder=folder.sub("ground"),
        report=report,
        logs=report,
        run_id=RUN,
        flux_version=SOURCE,
        timeouts=Timeouts(),
        clock=PhaseClock(print),
        redactor=str,
        secrets=[],
        notes=[],
    )
    try:
        with running_platform(order) as made:
            yield made
    finally:
        folder.remove()
    assert processes_of_run(RUN) == []
