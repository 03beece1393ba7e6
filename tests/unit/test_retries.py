"""Requests to the API server that are sent again, against a real socket that closes when it is asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from conformance.kube.retries import RETRIES


class Server:
    """Answers a request, or closes its connection without a word, as the script says."""

    def __init__(self, *answers: bool) -> None:
        script = iter(answers)
        seen: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append(self.command)
                self.close_connection = not next(script)
                if not self.close_connection:
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815

        self.seen = seen
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for server in made:
        server.close()


def ask(pool: urllib3.PoolManager, server: Server, method: str = "PATCH") -> int:
    return pool.request(method, server.url, body="{}", retries=RETRIES, timeout=5).status


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "DELETE"])
def test_a_connection_that_was_closed_while_idle_is_made_anew(serve: list[Server], method: str) -> None:
    server = Server(True, False, True)
    serve.append(server)
    pool = urllib3.PoolManager()
    assert [ask(pool, server, method), ask(pool, server, method)] == [200, 200]
    assert server.seen == [method] * 3


def test_a_server_that_closes_always_is_told(serve: list[Server]) -> None:
    server = Server(True, *[False] * 9)
    serve.append(server)
    pool = urllib3.PoolManager()
    assert ask(pool, server) == 200
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        ask(pool, server)
    assert server.seen == ["PATCH"] * 7, "five times more, and not for ever"


def test_what_tls_says_of_a_closed_connection_counts_as_closed() -> None:
    # As seen of kube-apiserver 1.36.3 after 86 s of idling: SSL_write into a connection that it had ended.
    closed = urllib3.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
    after = RETRIES.increment("POST", "/", error=closed)
    assert after.other == (RETRIES.other or 0) - 1
    untrusted = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate verify failed"))
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        RETRIES.increment("POST", "/", error=untrusted)


def test_an_answer_that_is_late_is_not_asked_for_again() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with listener, pytest.raises(urllib3.exceptions.HTTPError, match=r"(?i)timed out"):
        urllib3.PoolManager().request("POST", url, body="{}", retries=RETRIES, timeout=0.2)
