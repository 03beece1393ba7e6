"""Runs `git http-backend` for one request, as a web server runs a CGI program."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.errors import ServerError
from conformance.process import RUN_ID_VARIABLE, Stream
from conformance.repos.git_binary import GitBinary, isolated_environment
from conformance.repos.routes import Target
from conformance.settings import environment

_CHUNK = 64 * 1024
_OK = "200 OK"


@dataclass(slots=True)
class Response:
    """Status line, headers and body of an answer; `stream` is the child that still writes the body."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    file: Path | None = None
    stream: Stream | None = None

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        if self.file is not None:
            with self.file.open("rb") as file:
                yield from iter(lambda: file.read(_CHUNK), b"")
        elif self.stream is not None:
            yield from iter(lambda stream=self.stream: stream.read(_CHUNK), b"")  # type: ignore[misc]
        elif self.body:
            yield self.body


class HttpBackend:
    """Starts one `git http-backend` for each request, and can kill those that run.

    The request's body goes to a temporary file first (as nginx does), which decodes chunks, gives the CGI
    program the length it wants, and rules out a deadlock of two full pipes. The answer is passed on as it comes.
    """

    def __init__(self, git: GitBinary, root: Path, *, log: Path, run_id: str = "") -> None:
        self._git = git
        self._root = root
        self._log = log
        self._run_id = run_id
        self._running: set[Stream] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def answer(self, request: Mapping[str, Any], target: Target, user: str) -> Response:
        """Run the program, and return its answer with the body still to come.

        Raises:
            ServerError: the program does not speak CGI.
        """
        with tempfile.TemporaryFile(dir=self._root.parent) as body:
            length = _spool(request["wsgi.input"], body)
            variables = self._variables(request, target, user, length)
            stream = Stream([self._git.http_backend], stdin=body, env=variables, log=self._log)
        with self._lock:
            self._running.add(stream)
            if self._stopped:
                stream.kill()
        try:
            status, headers = read_cgi_headers(stream.read_line)
        except ServerError:
            self.finish(stream)
            raise
        return Response(status, headers, stream=stream)

    def finish(self, stream: Stream) -> None:
        """Take the program's end, or end it when the client has gone."""
        stream.close()
        with self._lock:
            self._running.discard(stream)

    def start(self) -> None:
        """Take requests (again)."""
        with self._lock:
            self._stopped = False

    def stop(self) -> None:
        """Kill what still runs, and what a late request starts; the threads that read from it see the end."""
        with self._lock:
            self._stopped = True
            for stream in self._running:
                stream.kill()

    def _variables(self, request: Mapping[str, Any], target: Target, user: str, length: int) -> dict[str, str]:
        protocol = request.get("HTTP_GIT_PROTOCOL", "")
        variables = {
            **isolated_environment(self._root),
            RUN_ID_VARIABLE: self._run_id,
            "PATH": environment().get("PATH", ""),
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{target.repository}/{target.endpoint}",
            "QUERY_STRING": request["QUERY_STRING"],
            "REQUEST_METHOD": request["REQUEST_METHOD"],
            "CONTENT_TYPE": request.get("CONTENT_TYPE", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": request.get("HTTP_CONTENT_ENCODING", ""),
            "GIT_PROTOCOL": protocol,
            "REMOTE_USER": user,
            "REMOTE_ADDR": request["REMOTE_ADDR"],
        }
        return {name: value for name, value in variables.items() if value}


def _spool(source: IO[bytes], file: IO[bytes]) -> int:
    shutil.copyfileobj(source, file, _CHUNK)
    length = file.tell()
    file.seek(0)
    return length


def read_cgi_headers(read_line: Callable[[], bytes]) -> tuple[str, list[tuple[str, str]]]:
    """Read a CGI program's headers; return the status line and the other headers.

    Raises:
        ServerError: the output ends before the empty line.
    """
    status = _OK
    headers: list[tuple[str, str]] = []
    while True:
        line = read_line().decode("latin-1")
        if line in ("\r\n", "\n"):
            return status, headers
        name, colon, value = line.partition(":")
        if not colon:
            raise ServerError(f"git http-backend ended without an answer, after '{line.strip()}'")
        if name.lower() == "status":
            status = value.strip()
        else:
            headers.append((name, value.strip()))
