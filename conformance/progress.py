"""Phases of a run: what is going on, since when, and never ten seconds of silence."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from conformance.model import Phase

HEARTBEAT_S = 8.0


@dataclass(slots=True)
class PhaseClock:
    """Times phases and prints one line at the end of each, and a heartbeat while one lasts."""

    write: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    phases: list[Phase] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        """Print a line with the time since the run began."""
        with self._lock:
            self.write(f"[{time.monotonic() - self.started:6.1f} s] {text}")

    @contextlib.contextmanager
    def phase(
        self, name: str, environment: str = "", detail: Callable[[], str] = lambda: "", *, quiet: bool = False
    ) -> Iterator[None]:
        """Time a phase; `detail` says in a heartbeat what is being waited for."""
        label = f"{environment}: {name}" if environment else name
        begun = time.monotonic()
        over = threading.Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT_S):
                extra = _said(detail)
                if over.is_set():
                    return
                self.say(f"{label} … {time.monotonic() - begun:.0f} s{f', {extra}' if extra else ''}")

        threading.Thread(target=beat, name=f"heartbeat-{name}", daemon=True).start()
        outcome = "broke off"
        try:
            yield
            outcome = "done"
        finally:
            over.set()
            seconds = time.monotonic() - begun
            self.phases.append(Phase(name=name, environment=environment, seconds=seconds))
            if not (quiet and outcome == "done"):
                self.say(f"{label} {outcome} in {seconds:.1f} s")


def _said(detail: Callable[[], str]) -> str:
    """Return the detail; a heartbeat goes on where it cannot be asked for, as when the API server died."""
    try:
        return detail()
    except Exception:  # noqa: BLE001 - who waits for the phase learns of it anyway
        return ""
