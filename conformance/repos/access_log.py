"""The access log of the server: what was fetched, by whom, when; evidence for checks. Never holds a token."""

import dataclasses
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. While it is under way, `bytes` is 0, and `status` is 0 until it is known."""

    time: datetime
    client: str
    method: str
    path: str
    """As it was sent, percent-encoded, without the query."""
    repository: str = ""
    """`example/fleet.git`; empty for files and for what is no repository."""
    service: str = ""
    """upload-pack (clone, fetch), receive-pack (push), raw, charts, or empty."""
    user_agent: str = ""
    authorization: str = ""
    """Scheme of the Authorization header (`Basic`); empty without one."""
    user: str = ""
    """Name of the credential that matched one of the server's; empty without."""
    status: int = 0
    bytes: int = 0
    """Length of the answer's body."""

    def as_record(self) -> dict[str, Any]:
        """Return the entry as JSON types; the time is RFC 3339 in UTC."""
        time = self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**dataclasses.asdict(self), "time": time}


class AccessLog:
    """Keeps entries in memory, in order of arrival, and appends each to a JSON-lines file when it ends."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now
        self._entries: dict[int, Entry] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def begin(self, **fields: Any) -> int:
        """Note a request that has arrived, and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._entries[number] = Entry(time=self._now(), **fields)
            return number

    def update(self, number: int, **fields: Any) -> None:
        """Add what is known by now."""
        with self._lock:
            self._entries[number] = dataclasses.replace(self._entries[number], **fields)

    def end(self, number: int, **fields: Any) -> None:
        """Add the rest, and write the entry to the file."""
        self.update(number, **fields)
        with self._lock, self.path.open("a") as file:
            file.write(json.dumps(self._entries[number].as_record()) + "\n")

    def entries(
        self,
        *,
        repository: str | None = None,
        path_contains: str = "",
        service: str | None = None,
        since: datetime | None = None,
    ) -> list[Entry]:
        """Return the requests that match, also those under way: a check that wants none must not miss one."""
        with self._lock:
            found = list(self._entries.values())
        return [
            e
            for e in found
            if (repository is None or e.repository == repository)
            and path_contains in e.path
            and (service is None or e.service == service)
            and (since is None or e.time >= since)
        ]
