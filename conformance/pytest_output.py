"""Lines that are seen at once, also from threads and while pytest captures the output."""

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, TextIO

import pytest


def writer(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that prints a line at once."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        try:
            stream: TextIO = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
            config.add_cleanup(functools.partial(_close, stream))
        except OSError:  # pytest runs inside of another program, which took standard output for itself
            stream = sys.stdout

    def write(line: str) -> None:
        # Where pytest prints its own progress, a line of it may not be at its end.
        with contextlib.suppress(OSError, ValueError):  # who read it is gone: the run and its report go on
            stream.write(f"{line}\n" if config.option.verbose < 0 else f"\n{line}")

    return write


def _close(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        stream.close()


class Warned:
    """Says at once what pytest is warned of, such as a thread that broke: for where its own summary is switched off."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str, nodeid: str) -> None:
        """Print the warning, and the check or the moment that it came in."""
        said = f"{warning_message.category.__name__}: {warning_message.message}"
        self._write(f"warning in {nodeid or when}: {said}")
