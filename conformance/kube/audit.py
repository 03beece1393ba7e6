"""The API server's audit log, read as it grows: who asked for what, and what was answered.

It is a plane of its own: written by the API server itself, whatever a controller says of the same request
(https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/).
"""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from conformance.errors import WaitTimeout
from conformance.kube.wait import eventually

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One answered request."""

    id: str
    at: datetime
    user: str
    """Whom the request was made as: the impersonated user where there is one."""
    agent: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    """Empty where the request was refused before its body was read."""
    code: int
    dry_run: bool
    annotations: Mapping[str, str]

    @property
    def refused(self) -> bool:
        """Whether the API server refused it."""
        return self.code >= HTTPStatus.BAD_REQUEST

    def as_record(self) -> Mapping[str, Any]:
        """Return what evidence keeps."""
        record = {field: getattr(self, field) for field in self.__dataclass_fields__}
        return {**record, "at": self.at.isoformat(), "annotations": dict(self.annotations)}


class AuditLog:
    """All writes, and all refused requests, of one API server; safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: list[AuditEntry] = []
        self._file: IO[bytes] | None = None
        self._pending = b""

    def entries(self, wanted: Callable[[AuditEntry], bool], *, since: datetime) -> list[AuditEntry]:
        """Return the entries so far, of requests received after `since`, for which `wanted` holds."""
        with self._lock:
            self._read()
            known = self._entries[:]
        return [entry for entry in reversed(known) if entry.at >= since and wanted(entry)][::-1]

    def find(self, wanted: Callable[[AuditEntry], bool], *, since: datetime, timeout_s: float) -> AuditEntry | None:
        """Return the first such entry, waiting for it: the API server writes a line after it has answered."""
        try:
            found: Sequence[AuditEntry] = eventually(
                lambda: self.entries(wanted, since=since), bool, timeout_s=timeout_s, what="an audit entry"
            )
        except WaitTimeout:
            return None
        return found[0]

    def close(self) -> None:
        """Close the file; the log may be read again."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file, self._pending, self._entries = None, b"", []

    def _read(self) -> None:
        """Read what was written since; a log that was rotated away is read to its end first."""
        while True:
            if self._file is None:
                if not self._path.exists():
                    return
                self._file = self._path.open("rb")
            *lines, self._pending = (self._pending + self._file.read()).split(b"\n")
            self._entries += [entry for entry in map(_entry, lines) if entry is not None]
            if not self._rotated():
                return
            self._file.close()
            self._file, self._pending = None, b""

    def _rotated(self) -> bool:
        if self._file is None or not self._path.exists():
            return False
        here, there = os.fstat(self._file.fileno()), self._path.stat()
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)


def _entry(line: bytes) -> AuditEntry | None:
    """Return a line's entry; None for what no check asks about: reads that went through, requests for no object."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    target, code = event.get("objectRef"), event.get("responseStatus", {}).get("code", 0)
    if not target or event.get("stage") != "ResponseComplete":
        return None
    if event["verb"] not in WRITES and code < HTTPStatus.BAD_REQUEST:
        return None
    return AuditEntry(
        id=event["auditID"],
        at=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        user=(event.get("impersonatedUser") or event["user"])["username"],
        agent=event.get("userAgent", ""),
        verb=event["verb"],
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=code,
        dry_run="dryRun=All" in event.get("requestURI", ""),
        annotations=event.get("annotations") or {},
    )
