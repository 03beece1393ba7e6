"""The WSGI application: git repositories, plain files and Helm repositories, each request logged."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from conformance.repos.access_control import AccessControl
from conformance.repos.access_log import AccessLog
from conformance.repos.http_backend import HttpBackend, Response
from conformance.repos.recorder import Recorder
from conformance.repos.routes import EVENTS, FILES, Target, read_target

_TYPES = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".json": "application/json",
    ".tgz": "application/gzip",
}


class Application:
    """Answers requests for what the server holds; `files` is the folder behind /raw and /charts."""

    def __init__(
        self,
        *,
        repositories: Path,
        files: Path,
        control: AccessControl,
        log: AccessLog,
        backend: HttpBackend,
        recorder: Recorder,
    ) -> None:
        self._repositories = repositories
        self._files = files
        self._control = control
        self._log = log
        self._backend = backend
        self._recorder = recorder

    def __call__(self, request: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        uri: str = request["REQUEST_URI"]
        target = read_target(uri)
        number = self._log.begin(
            client=f"{request['REMOTE_ADDR']}:{request['REMOTE_PORT']}",
            method=request["REQUEST_METHOD"],
            path=uri.partition("?")[0],
            repository=target.repository if self._exists(target) else "",
            service=target.service,
            user_agent=request.get("HTTP_USER_AGENT", ""),
            authorization=request.get("HTTP_AUTHORIZATION", "").partition(" ")[0],
        )
        try:
            response = self._answer(request, target, number)
        except BaseException:
            self._log.end(number, status=int(HTTPStatus.INTERNAL_SERVER_ERROR))
            raise
        self._log.update(number, status=response.code)
        start_response(response.status, response.headers)
        return _Body(
            response, head=request["REQUEST_METHOD"] == "HEAD", on_close=lambda sent: self._end(number, response, sent)
        )

    def _end(self, number: int, response: Response, sent: int) -> None:
        if response.stream is not None:
            self._backend.finish(response.stream)
        self._log.end(number, bytes=sent)

    def _exists(self, target: Target) -> bool:
        return bool(target.repository) and bool(self._control.users(target.repository))

    def _answer(self, request: Mapping[str, Any], target: Target, number: int) -> Response:
        method = request["REQUEST_METHOD"]
        if target.redirect:
            moved = HTTPStatus.MOVED_PERMANENTLY if method in ("GET", "HEAD") else HTTPStatus.PERMANENT_REDIRECT
            return text(moved, Location=target.redirect)
        if target.service in FILES:
            return self._file(method, target)
        if target.service == EVENTS:
            self._recorder.record(target.path, request["wsgi.input"].read())
            return text(HTTPStatus.OK)
        if not self._exists(target) or not target.service:  # the dumb protocol names no service
            return text(HTTPStatus.NOT_FOUND)
        return self._repository(request, target, number)

    def _repository(self, request: Mapping[str, Any], target: Target, number: int) -> Response:
        decision = self._control.judge(target.repository, target.access, request.get("HTTP_AUTHORIZATION", ""))
        self._log.update(number, user=decision.user)
        if decision.status is HTTPStatus.UNAUTHORIZED:
            return text(
                decision.status, **{"WWW-Authenticate": 'Basic realm="flux-tenancy-conformance", charset="UTF-8"'}
            )
        if decision.status is not HTTPStatus.OK:
            return text(decision.status)
        return self._backend.answer(request, target, decision.user)

    def _file(self, method: str, target: Target) -> Response:
        if method not in ("GET", "HEAD"):
            return text(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        path = (self._files / target.path.lstrip("/")).resolve()
        if not path.is_relative_to(self._files.resolve()) or not path.is_file():
            return text(HTTPStatus.NOT_FOUND)
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        return Response("200 OK", [("Content-Type", kind), ("Content-Length", str(path.stat().st_size))], file=path)


class _Body:
    """Counts what is sent, and tells when the server is done with it, whether it was sent or not."""

    def __init__(self, response: Response, *, head: bool, on_close: Callable[[int], None]) -> None:
        self._response = response
        self._head = head
        self._on_close = on_close
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in () if self._head else self._response.chunks():
            self._sent += len(chunk)
            yield chunk

    def close(self) -> None:
        self._on_close(self._sent)


def text(status: HTTPStatus, **headers: str) -> Response:
    """Return a short answer that names its status."""
    body = f"{status.phrase}\n".encode()
    common = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Response(f"{status.value} {status.phrase}", [*headers.items(), *common], body=body)
