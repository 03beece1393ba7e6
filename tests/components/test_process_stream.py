"""A child whose output is read while it runs."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from conformance.errors import ProcessError
from conformance.process import Stream

Start = Callable[..., Stream]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Stream] = []

    def start_python(code: str, stdin: bytes = b"") -> Stream:
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            stream = Stream([sys.executable, "-c", code], stdin=file, env={}, log=tmp_path / "errors.log")
        started.append(stream)
        return stream

    yield start_python
    for stream in started:
        stream.close()


def test_output_comes_as_it_is_written(start: Start, tmp_path: Path) -> None:
    stream = start(
        "import sys; print('Status: 200'); sys.stderr.write('hm'); sys.stdout.write(sys.stdin.read())", b"body"
    )
    assert stream.read_line() == b"Status: 200\n"
    assert b"".join(iter(lambda: stream.read(2), b"")) == b"body"
    assert stream.close() == 0
    assert (tmp_path / "errors.log").read_text() == "hm"


def test_what_is_not_read_to_its_end_is_killed_with_its_children(start: Start) -> None:
    stream = start(
        "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE);"
        "print(c.pid, flush=True); c.wait()"
    )
    child = psutil.Process(int(stream.read_line()))
    assert stream.close() == -9
    assert stream.close() == -9
    _, alive = psutil.wait_procs([child], timeout=5)
    assert alive == [] or alive[0].status() == psutil.STATUS_ZOMBIE


def test_a_kill_is_the_end_of_the_output(start: Start) -> None:
    stream = start("import signal; print('x', flush=True); signal.pause()")
    assert stream.read_line() == b"x\n"
    stream.kill()
    assert stream.read(10) == b""
    assert stream.close() == -9


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as file, pytest.raises(ProcessError, match="cannot start 'no-such-program'"):
        Stream(["no-such-program"], stdin=file, env={}, log=tmp_path / "errors.log")
