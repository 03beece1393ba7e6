"""The OCI registry process.

It takes pushes and pulls from everybody who reaches it: distribution's htpasswd guards pulls and pushes
alike, so it cannot ask for a password for pushes only. No workload's image lies here, and what a tenant's
controller may pull is decided by policy, which is what the checks are about.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import InputError, ProcessError, ServerError, WaitTimeout
from conformance.kube.wait import eventually
from conformance.process import Service, Supervisor

HOST = "127.0.0.1"
_READY_TIMEOUT_S = 20.0
"""distribution listens 0.3 s after its start; the rest is for a machine that builds beside it."""
_LISTENING = "listening on "


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One request that the registry answered."""

    time: datetime
    method: str
    path: str
    user_agent: str
    status: int


class Registry:
    """An OCI registry (distribution v3) at `host`; its data lives below `root`, its output in `log`."""

    def __init__(
        self, binary: Path, root: Path, supervisor: Supervisor, log: Path, *, port: int = 0, host: str = HOST
    ) -> None:
        self._binary = binary
        self._root = root
        self._supervisor = supervisor
        self._service: Service | None = None
        self._offset = 0
        self.log = log
        self.host = host
        self.port = port

    def start(self) -> None:
        """Start the registry, and wait until it listens.

        Raises:
            InputError: the port that was asked for is in use.
            ServerError: it did not come up.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        config = self._root / "config.yml"
        config.write_text(yaml.safe_dump(registry_config(self._root / "data", self.port, self.host)))
        self._offset = self.log.stat().st_size if self.log.exists() else 0
        env = {"OTEL_TRACES_EXPORTER": "none", "HOME": str(self._root)}
        try:
            self._service = self._supervisor.start("registry", [self._binary, "serve", config], log=self.log, env=env)
            eventually(self._listens, bool, timeout_s=_READY_TIMEOUT_S, what="the OCI registry's listening socket")
        except (ProcessError, WaitTimeout) as error:
            raise ServerError(f"the OCI registry did not start: {error.what}", log=self.log) from error

    def stop(self) -> None:
        """Stop the registry; harmless when it is not started."""
        service, self._service = self._service, None
        if service is not None:
            self._supervisor.stop(service)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Address with oci://, without a trailing slash."""
        return f"oci://{self.address}"

    def pulls(self, *, path_contains: str = "", since: datetime | None = None) -> list[Pull]:
        """Return the requests that match, oldest first: the registry's access log."""
        answered = read_pulls(self.log.read_text(errors="replace")) if self.log.exists() else []
        return [p for p in answered if path_contains in p.path and (since is None or p.time >= since)]

    def _listens(self) -> bool:
        """Whether the log names the port, which is bound by then.

        Raises:
            ServerError, InputError: the process has ended instead.
        """
        with self.log.open(errors="replace") as file:
            file.seek(self._offset)
            said = file.read()
        port = listening_port(said)
        if port:
            self.port = port
        elif self._service is None or not self._service.alive:
            raise self._not_started(said)
        return bool(port)

    def _not_started(self, said: str) -> InputError | ServerError:
        if self.port and "address already in use" in said:
            hint = "end the process that holds the port, choose another, or choose none to get a free one"
            return InputError(f"the OCI registry cannot listen on {self.address}: the port is in use", hint=hint)
        last = said.strip().splitlines()[-1:] or ["no output"]
        return ServerError(f"the OCI registry ended at its start: {last[0]}", log=self.log)


def registry_config(data: Path, port: int, host: str = HOST) -> dict[str, object]:
    """Return distribution's configuration: one address only, no debug server, requests logged as JSON."""
    return {
        "version": 0.1,
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(data)},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": f"{host}:{port}", "secret": secrets.token_urlsafe(24)},
    }


def listening_port(log: str) -> int:
    """Return the port that distribution's log names; 0 when it does not yet."""
    for record in _records(log):
        message = str(record.get("msg", ""))
        if message.startswith(_LISTENING):
            return int(message.rpartition(":")[2])
    return 0


def read_pulls(log: str) -> list[Pull]:
    """Return the requests of distribution's log."""
    return [
        Pull(
            time=datetime.fromisoformat(record["time"]),
            method=record["http.request.method"],
            path=record["http.request.uri"],
            user_agent=record.get("http.request.useragent", ""),
            status=record["http.response.status"],
        )
        for record in _records(log)
        if "http.response.status" in record
    ]


def _records(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]
