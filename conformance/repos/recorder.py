"""What was sent to the suite's own webhook: the far end of a notification Provider."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request with a body."""

    time: datetime
    path: str
    """Resolved, such as `/events/example/f21`."""
    body: str

    def as_record(self) -> dict[str, Any]:
        """Return the request as JSON types."""
        return {"time": self.time.isoformat(timespec="milliseconds"), "path": self.path, "body": self.body}


class Recorder:
    """Keeps what arrives, in order. Safe to call from several threads."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._received: list[Received] = []
        self._lock = threading.Lock()

    def record(self, path: str, body: bytes) -> None:
        """Keep one request."""
        with self._lock:
            self._received.append(Received(time=self._now(), path=path, body=body.decode(errors="replace")))

    def forget(self, path_contains: str) -> None:
        """Drop what matches: a mutant takes back what it sent."""
        with self._lock:
            self._received = [one for one in self._received if path_contains not in one.path]

    def received(self, *, path_contains: str = "", since: datetime | None = None) -> list[Received]:
        """Return what matches."""
        with self._lock:
            found = list(self._received)
        return [r for r in found if path_contains in r.path and (since is None or r.time >= since)]
