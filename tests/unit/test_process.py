"""Commands and services: every child ends when it must, with everything that it started."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from conformance import process
from conformance.errors import DeadlineError, ProcessError
from conformance.kube.wait import eventually
from conformance.process import (
    RUN_ID_VARIABLE,
    Service,
    Supervisor,
    end_processes,
    processes_of_run,
    run,
)

PARENT = """
import subprocess, sys, pathlib
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
child.wait()
"""
STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: signal.pause()
"""
RUN_ID = "test-process"


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_ends(pid: int) -> None:
    eventually(lambda: is_gone(pid), bool, timeout_s=5, what=f"process {pid} is gone")


def pid_in(path: Path) -> int:
    return int(eventually(lambda: path.read_text() if path.is_file() else "", bool, timeout_s=10, what="a child"))


def test_output_and_input() -> None:
    done = run(python("import sys; sys.stderr.write('e'); print(sys.stdin.read())"), timeout_s=20, stdin="text")
    assert (done.stdout, done.stderr) == ("text\n", "e")
    assert done.seconds > 0


def test_the_environment_is_exactly_the_given_one() -> None:
    code = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))"
    assert run(python(code), timeout_s=20, env={"ONLY": "this"}).stdout == "['ONLY']\n"


def test_a_failed_command_is_told_with_its_last_lines() -> None:
    code = "import sys; [print(n, file=sys.stderr) for n in range(40)]; sys.exit(3)"
    with pytest.raises(ProcessError) as caught:
        run(python(code), timeout_s=20)
    assert "ended with exit code 3" in caught.value.what
    assert caught.value.what.splitlines()[-1] == "  | 39"
    assert "  | 24" not in caught.value.what


def test_a_failed_command_that_only_prints_is_told_too() -> None:
    with pytest.raises(ProcessError, match=r"  \| said on stdout"):
        run(python("import sys; print('said on stdout'); sys.exit(1)"), timeout_s=20)


def test_a_long_command_line_is_told_in_brief() -> None:
    with pytest.raises(ProcessError) as caught:
        run([sys.executable, "-c", "import sys; sys.exit(1)", "a", "b", "secret"], timeout_s=20)
    assert "secret" not in caught.value.what


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ProcessError, match="cannot start 'no-such-program'"):
        run(["no-such-program"], timeout_s=20)


@pytest.mark.parametrize("lines", [None, lambda _: None], ids=["silent", "on-line"])
def test_the_deadline_kills_the_whole_group(tmp_path: Path, lines: Callable[[str], None] | None) -> None:
    with pytest.raises(DeadlineError, match=r"did not end within 1\.5 s"):
        run(python(PARENT, tmp_path / "pid"), timeout_s=1.5, on_line=lines)
    assert_ends(int((tmp_path / "pid").read_text()))


def test_lines_are_handed_on_while_the_command_runs() -> None:
    code = "import sys; print('one', file=sys.stderr, flush=True); sys.stdin.read(); print('two', file=sys.stderr)"
    seen: list[str] = []
    done = run(python(code), timeout_s=20, stdin="", on_line=seen.append)
    assert seen == ["one", "two"]
    assert done.stderr == "one\ntwo\n"


def test_another_thread_can_stop_a_command(tmp_path: Path) -> None:
    stop = threading.Event()
    watcher = threading.Thread(target=lambda: (pid_in(tmp_path / "pid"), stop.set()))
    watcher.start()
    with pytest.raises(ProcessError, match="stopped on request"):
        run(python(PARENT, tmp_path / "pid"), timeout_s=60, stop=stop)
    watcher.join()
    assert_ends(pid_in(tmp_path / "pid"))


def test_ctrl_c_kills_the_whole_group(tmp_path: Path) -> None:
    def press() -> None:
        pid_in(tmp_path / "pid")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(python(PARENT, tmp_path / "pid"), timeout_s=60)
    thread.join()
    assert_ends(pid_in(tmp_path / "pid"))


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(RUN_ID)
    yield made
    made.stop_all()


def started(supervisor: Supervisor, tmp_path: Path, code: str, *words: object, name: str = "service") -> Service:
    return supervisor.start(name, python(code, *words), log=tmp_path / "logs" / f"{name}.log", env={})


def test_a_service_is_marked_with_its_run(supervisor: Supervisor, tmp_path: Path) -> None:
    service = started(supervisor, tmp_path, "import signal; signal.pause()")
    found = eventually(lambda: processes_of_run(RUN_ID), bool, timeout_s=5, what="the mark")
    assert [one.pid for one in found] == [service.pid]
    assert service.command_line()[1] == "-c"
    assert processes_of_run(RUN_ID, lambda variables: "NOT_THERE" in variables) == []
    assert processes_of_run("another-run") == []


def test_a_stopped_service_takes_its_children_along(supervisor: Supervisor, tmp_path: Path) -> None:
    service = started(supervisor, tmp_path, PARENT, tmp_path / "pid")
    child = pid_in(tmp_path / "pid")
    supervisor.stop(service)
    assert not service.alive
    assert service.command_line() == []
    assert_ends(child)
    supervisor.stop(service)


def test_a_stubborn_service_is_killed_after_its_grace(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_GRACE_S", 0.2)
    services = [started(supervisor, tmp_path, STUBBORN, name=name) for name in ("a", "b")]
    for service in services:
        eventually(service.log.read_text, bool, timeout_s=10, what="it ignores SIGTERM by now")
    begun = time.monotonic()
    supervisor.stop_all()
    assert time.monotonic() - begun < 3
    assert [service.alive for service in services] == [False, False]


def test_a_service_that_died_is_seen_and_its_output_kept(supervisor: Supervisor, tmp_path: Path) -> None:
    service = started(supervisor, tmp_path, "print('last words')")
    eventually(lambda: service.alive, lambda alive: not alive, timeout_s=10, what="it ends")
    assert service.log.read_text() == "last words\n"


def test_a_service_that_is_not_there(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="cannot start etcd"):
        supervisor.start("etcd", ["no-such-program"], log=tmp_path / "log", env={})


@pytest.mark.parametrize("grace", [0.0, 0.2])
def test_processes_are_ended_whatever_they_think_of_it(supervisor: Supervisor, tmp_path: Path, grace: float) -> None:
    service = started(supervisor, tmp_path, STUBBORN)
    eventually(service.log.read_text, bool, timeout_s=10, what="it ignores SIGTERM by now")
    end_processes(processes_of_run(RUN_ID), grace_s=grace)
    eventually(lambda: service.alive, lambda alive: not alive, timeout_s=5, what="it ends")


def test_the_own_process_is_never_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_ID_VARIABLE, RUN_ID)
    assert processes_of_run(RUN_ID) == []
