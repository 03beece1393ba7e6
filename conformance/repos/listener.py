"""The socket and the threads of the suite's web server; the only module that imports cheroot."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from traceback import format_exc
from typing import Any

from cheroot import wsgi

from conformance.errors import InputError, ServerError

HOST = "127.0.0.1"
"""Where servers listen unless the provider's controllers are elsewhere."""
THREADS = 64
"""Requests served at a time; about 60 sources are fetched at once when everything is planted."""
_BACKLOG = 256
_IDLE_S = 60
"""A client may be silent this long: a controller on a busy machine pauses in the middle of a pack."""
_LINGER_S = 1
"""How long requests may go on when the server stops; then their sockets are shut down."""
_STOP_S = 3.0
_TICK_S = 0.1
"""How often cheroot looks whether it should stop."""
_MAX_BODY = 256 * 1024 * 1024


class Listener:
    """Serves one WSGI application on an address of this machine; port 0 is any free one."""

    def __init__(self, *, port: int, errors: Path, host: str = HOST) -> None:
        self.host = host
        self.port = port
        self._errors = errors
        self._server: _Server | None = None

    def start(self, application: Callable[..., Any]) -> None:
        """Bind the port and serve from threads of its own.

        Raises:
            InputError: the port that was asked for is in use.
            ServerError: no port can be bound.
        """
        server = _Server(
            (self.host, self.port),
            application,
            numthreads=THREADS,
            request_queue_size=_BACKLOG,
            timeout=_IDLE_S,
            shutdown_timeout=_LINGER_S,
        )
        server.max_request_body_size = _MAX_BODY
        server.expiration_interval = _TICK_S
        server.errors = self._errors
        bound: Future[int] = Future()
        # cheroot's threads inherit `daemon` from this one: a run that breaks must not hang at its exit
        threading.Thread(target=_serve, args=(server, bound), daemon=True, name="git-server").start()
        try:
            self.port = bound.result()
        except OSError as error:
            raise _not_bound(self.host, self.port, error) from error
        self._server = server

    def stop(self) -> None:
        """Close the port and end all requests; harmless when not started."""
        server, self._server = self._server, None
        if server is None:
            return
        # the port is closed at once; a thread that writes to a client which does not read is left behind
        stopper = threading.Thread(target=server.stop, daemon=True, name="git-server-stop")
        stopper.start()
        stopper.join(timeout=_STOP_S)


class _Server(wsgi.Server):
    """cheroot's server with a log file instead of standard error, and no socket left open by a port in use."""

    errors: Path

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: ARG002
        """Append one message to the log."""
        trace = format_exc() if traceback else ""
        with self.errors.open("a") as file:
            file.write(f"{msg}\n{trace}")

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind, or close the socket."""
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_


def _serve(server: _Server, bound: "Future[int]") -> None:
    try:
        server.prepare()
    except OSError as error:
        bound.set_exception(error)
        return
    bound.set_result(server.bind_addr[1])
    server.serve()


def _not_bound(host: str, port: int, error: OSError) -> InputError | ServerError:
    if port:
        return InputError(
            f"the git server cannot listen on {host}:{port}: {error}",
            hint="end the process that holds the port, choose another, or choose none to get a free one",
        )
    return ServerError(f"the git server cannot listen on {host}: {error}")
