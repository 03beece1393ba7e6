"""Lines that say what the toolchain does; never 10 s of silence."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

BEAT_S = 5.0
"""Seconds between heartbeats: half of the silence that is promised not to be exceeded."""


class Step:
    """One long step: tells its start, a heartbeat every few seconds, and its end with the elapsed time.

    Args:
        tell: receives the lines, from two threads.
        what: the step, as its lines begin.
        brief: ordinarily over in no time: only the heartbeats are told.
    """

    def __init__(self, tell: Callable[[str], None], what: str, *, brief: bool = False) -> None:
        self.detail = ""
        """What is being done just now; shown in the heartbeat."""
        self._tell = tell
        self._what = what
        self._brief = brief
        self._started = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="toolchain-heartbeat", daemon=True)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def __enter__(self) -> Self:
        if not self._brief:
            self._tell(self._what)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        if not self._brief:
            self._tell(f"{self._what}: {'done' if error is None else 'stopped'} after {self.elapsed_s:.0f} s")

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            detail = f", {self.detail}" if self.detail else ""
            self._tell(f"{self._what}: {self.elapsed_s:.0f} s{detail}")
