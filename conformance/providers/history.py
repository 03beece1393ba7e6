"""What happened to the controllers' processes, and when: starts, ends, deaths."""

import threading
import time
from collections.abc import Sequence

from conformance.timeline import Act, Mark


class History:
    """Grows while controllers come and go; safe for several threads."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._lock = threading.Lock()

    def add(self, controller: str, act: Act, version: str) -> None:
        """Note what happens now."""
        with self._lock:
            self._marks.append(Mark(at=time.time(), controller=controller, act=act, version=version))

    def marks(self) -> Sequence[Mark]:
        """Return everything so far, in order."""
        with self._lock:
            return tuple(self._marks)
