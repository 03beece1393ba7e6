"""The console script, started as a user would, with its progress in sight."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.settings import environment
from support.binaries import TOOLCHAIN

BEYOND_SECONDS = {"run": 1500, "mutants": 3600}
"""When a run is given up; on two quiet cores they take 3 and 15 minutes."""


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a command of the console script; return exit code and report folder."""

    def start(command: str, where: str, *more: str) -> tuple[int, Path]:
        folder = tmp_path_factory.mktemp(command) / "report"
        given = environment().get(TOOLCHAIN)
        argv = [sys.executable, "-m", "conformance", command, "--environment", where, "--report", str(folder)]
        argv += [*(["--toolchain", given] if given else []), *more]
        capture = request.config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled():
            return subprocess.run(argv, check=False, timeout=BEYOND_SECONDS[command]).returncode, folder

    return start
