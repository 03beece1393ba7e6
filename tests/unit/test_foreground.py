"""A command in the foreground: its streams, its exit code, and the signals that are to end it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.errors import ProcessError
from conformance.foreground import INTERRUPTED, run_in_foreground
from conformance.kube.wait import eventually

WAITS = """
import pathlib, signal, sys
def end(number, _):
    pathlib.Path(sys.argv[2]).write_text(str(number))
    sys.exit(int(sys.argv[3]))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, end)
pathlib.Path(sys.argv[1]).touch()
signal.pause()
"""
PARENT = "import sys; from conformance.foreground import run_in_foreground; sys.exit(run_in_foreground(sys.argv[1:]))"


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


@pytest.mark.parametrize("code", [0, 1, 4, 10])
def test_the_exit_code_is_the_commands(code: int) -> None:
    assert run_in_foreground(python(f"raise SystemExit({code})")) == code


def test_its_output_is_this_processs_own(capfd: pytest.CaptureFixture[str]) -> None:
    run_in_foreground(python("import sys; print('said'); print('complained', file=sys.stderr)"))
    assert capfd.readouterr() == ("said\n", "complained\n")


def test_what_cannot_be_started_and_what_was_killed_are_breakdowns(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"cannot start '.*none': No such file"):
        run_in_foreground([tmp_path / "none"])
    with pytest.raises(ProcessError, match="was killed by signal 9"):
        run_in_foreground(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("said", "code"), [(3, 3), (0, INTERRUPTED)])
def test_a_signal_reaches_the_command_and_its_end_is_waited_for(
    tmp_path: Path, number: signal.Signals, said: int, code: int
) -> None:
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    parent = subprocess.Popen(python(PARENT, *python(WAITS, ready, ended, said)), start_new_session=True)
    eventually(ready.exists, bool, timeout_s=30, what="the command runs")
    os.kill(parent.pid, number)
    assert parent.wait(timeout=30) == code
    assert ended.read_text() == str(int(number))


def test_a_command_that_the_signal_ends_at_once_was_interrupted(tmp_path: Path) -> None:
    code = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).touch(); signal.pause()"
    parent = subprocess.Popen(python(PARENT, *python(code, tmp_path / "ready")), start_new_session=True)
    eventually((tmp_path / "ready").exists, bool, timeout_s=30, what="the command runs")
    os.kill(parent.pid, signal.SIGTERM)
    assert parent.wait(timeout=30) == INTERRUPTED


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run_in_foreground(python("pass"))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
