"""The only place that starts a process: `run()` for commands, `Supervisor` for servers, `Stream` for CGI.

Every child gets a session of its own and the run's id in its environment, so that a later run can find
and end what a killed one left behind.
"""

import contextlib
import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from conformance.errors import DeadlineError, ProcessError

RUN_ID_VARIABLE = "FLUX_TENANCY_RUN_ID"
"""Environment variable that marks every process of a run, whoever its parent is."""

STOP_GRACE_S = 3.0
"""Time between SIGTERM and SIGKILL; etcd and kube-apiserver need under 1 s when idle."""

STOP_POLL_S = 0.2
"""How often `run()` looks at its `stop` event: well under what Ctrl-C may take."""

_NAMED = 4
"""Words of a command that a message shows."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended with exit code 0."""

    stdout: str
    stderr: str
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    on_line: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> Completed:
    """Run a command to its end; kill its whole process group at the deadline, on Ctrl-C, or when `stop` is set.

    Args:
        on_line: receives each line of standard error while the command runs.

    Raises:
        ProcessError: not found, non-zero exit, or `stop`.
        DeadlineError: the deadline.
    """
    words = [str(word) for word in argv]
    started = time.monotonic()
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessError(
            f"cannot start '{words[0]}': {error.strerror}", hint="is it installed and on PATH?"
        ) from error
    with child:
        try:
            stdout, stderr = _communicate(child, stdin, timeout_s, on_line, stop)
        except subprocess.TimeoutExpired:
            _kill_group(child.pid)
            raise DeadlineError(f"'{_brief(words)}' did not end within {timeout_s:g} s") from None
        except BaseException:
            _kill_group(child.pid)
            child.wait()  # Popen's own exit does not wait after Ctrl-C
            raise
    if child.returncode != 0:
        what = f"'{_brief(words)}' ended with exit code {child.returncode}\n{_tail(stderr or stdout)}"
        raise ProcessError(what, code=child.returncode, said=stderr)
    return Completed(stdout, stderr, time.monotonic() - started)


def _communicate(
    child: subprocess.Popen[str],
    stdin: str | None,
    timeout_s: float,
    on_line: Callable[[str], None] | None,
    stop: threading.Event | None,
) -> tuple[str, str]:
    if on_line is None:
        return _wait(child, stdin, timeout_s, stop)
    lines: list[str] = []

    def pump(stream: IO[str], callback: Callable[[str], None]) -> None:
        for line in stream:
            lines.append(line)
            callback(line.rstrip("\n"))

    stderr_stream = child.stderr
    if stderr_stream is None:
        raise ProcessError("standard error of a child is not a pipe")
    child.stderr = None  # communicate() must not read what the thread reads
    reader = threading.Thread(target=pump, args=(stderr_stream, on_line), daemon=True)
    reader.start()
    try:
        stdout, _ = _wait(child, stdin, timeout_s, stop)
    except BaseException:
        _kill_group(child.pid)  # the reader ends when the pipe's other ends are gone
        raise
    finally:
        reader.join(timeout=STOP_GRACE_S)
        stderr_stream.close()
    return stdout, "".join(lines)


def _wait(
    child: subprocess.Popen[str], stdin: str | None, timeout_s: float, stop: threading.Event | None
) -> tuple[str, str]:
    if stop is None:
        return child.communicate(stdin, timeout=timeout_s)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return child.communicate(stdin, timeout=max(0.0, min(STOP_POLL_S, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            stdin = None  # it is being sent since the first call
            if stop.is_set():
                raise ProcessError("stopped on request") from None
            if time.monotonic() >= deadline:
                raise


def _brief(words: Sequence[str]) -> str:
    return " ".join([Path(words[0]).name, *words[1:_NAMED], *(["…"] if len(words) > _NAMED else [])])


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(f"  | {line}" for line in text.strip().splitlines()[-lines:])


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class Stream:
    """A child whose output is read while it runs; its input is a file, so that neither side can block the other."""

    def __init__(self, argv: Sequence[str | Path], *, stdin: IO[bytes], env: Mapping[str, str], log: Path) -> None:
        words = [str(word) for word in argv]
        try:
            with log.open("ab") as errors:
                self._popen = subprocess.Popen(
                    words, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, env=dict(env), start_new_session=True
                )
        except OSError as error:
            raise ProcessError(f"cannot start '{words[0]}': {error.strerror}", log=log) from error
        if not isinstance(self._popen.stdout, io.BufferedReader):
            raise ProcessError("standard output of a child is not a pipe")
        self._output = self._popen.stdout
        self._at_end = False

    def read_line(self) -> bytes:
        """Return the next line with its end, empty at the end of the output."""
        return self._output.readline()

    def read(self, size: int) -> bytes:
        """Return what there is, at most `size` bytes; empty at the end of the output."""
        data = self._output.read1(size)
        self._at_end = not data
        return data

    def kill(self) -> None:
        """Kill the child and its process group; the reader then sees the end of the output."""
        if self._popen.poll() is None:
            _kill_group(self._popen.pid)

    def close(self) -> int:
        """End the child unless it said all it had to say; return its exit code. Harmless when called again."""
        if self._at_end:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout=STOP_GRACE_S)
        self.kill()
        self._output.close()
        return self._popen.wait()


def piped(argv: Sequence[str | Path], *, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a child whose streams the caller passes on; it ends with its input, or is killed."""
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(env), start_new_session=True)


def on_own_streams(argv: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Start a child that talks to whom this process talks to; the caller waits for its end (`foreground.py`)."""
    return subprocess.Popen(argv, start_new_session=True)


def end_piped(child: subprocess.Popen[bytes]) -> int:
    """Take the end of such a child, or kill it after the grace; return its exit code."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(timeout=STOP_GRACE_S)
    _kill_group(child.pid)
    return child.wait()


@dataclass(slots=True)
class Service:
    """A long-running child and the file that holds its output."""

    name: str
    argv: Sequence[str]
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Process id; stays the same until the service is started anew."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self.popen.poll() is None

    def command_line(self) -> list[str]:
        """Return the arguments as the kernel knows them, empty when the process is gone."""
        try:
            return psutil.Process(self.pid).cmdline()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return []


@dataclass(slots=True)
class Supervisor:
    """Starts services, stops all of them, and knows which died. Safe to call from several threads."""

    run_id: str
    _services: list[Service] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self, name: str, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path | None = None
    ) -> Service:
        """Start a service with exactly this environment (plus the run's id), output appended to `log`.

        Raises:
            ProcessError: the program cannot be started.
        """
        words = [str(word) for word in argv]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                popen = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**env, RUN_ID_VARIABLE: self.run_id},
                    cwd=cwd,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"cannot start {name} ('{words[0]}'): {error.strerror}") from error
        service = Service(name, words, log, popen)
        with self._lock:
            self._services.append(service)
        return service

    def stop(self, *services: Service, kill: bool = False) -> None:
        """Stop services and all in their process groups, all at once; harmless for those that are gone.

        Args:
            kill: do not give them time to end by themselves.
        """
        with self._lock:
            self._services = [service for service in self._services if service not in services]
        _stop(services, 0.0 if kill else STOP_GRACE_S)

    def stop_all(self) -> None:
        """Stop every service, all at once."""
        with self._lock:
            services, self._services = self._services, []
        _stop(services, STOP_GRACE_S)


def _stop(services: Iterable[Service], grace_s: float) -> None:
    services = list(services)
    for service in services:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(service.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    for service in services:
        try:
            service.popen.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(service.pid)
            service.popen.wait()


def processes_of_run(run_id: str, also: Callable[[Mapping[str, str]], bool] = lambda _: True) -> list[psutil.Process]:
    """Return the live processes that carry this run's id (and whose variables fit), whoever their parent is."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            variables = process.environ() if process.pid != os.getpid() else {}
            if variables.get(RUN_ID_VARIABLE) == run_id and also(variables):
                found.append(process)
    return found


def end_processes(processes: Sequence[psutil.Process], *, grace_s: float = STOP_GRACE_S) -> None:
    """Terminate the processes, and kill those that do not go within `grace_s` seconds (0: kill at once)."""
    for process in processes if grace_s else ():
        with contextlib.suppress(psutil.Error):
            process.terminate()
    alive = psutil.wait_procs(processes, timeout=grace_s)[1] if grace_s else processes
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_GRACE_S)
