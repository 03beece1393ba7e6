"""A command in the foreground: it has this process's own streams, and hears of what is to end it."""

import contextlib
import functools
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from conformance.errors import ProcessError
from conformance.process import on_own_streams

INTERRUPTED = 2
"""pytest's exit code of a run that was interrupted."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def heeding() -> Iterator[list[int]]:
    """Note the signals that are to end this process, instead of ending: what lies between commands is done first."""
    came: list[int] = []
    with _noted(came):
        yield came


def run_in_foreground(argv: Sequence[str | Path], came: list[int] | None = None) -> int:
    """Run a command to its end, however long that takes; pass Ctrl-C, SIGTERM and SIGHUP on to it.

    `came` gets the numbers of these signals; it may hold some that came before.

    Returns its exit code; `INTERRUPTED` where such a signal ended it at once, or came too late for it to heed.

    Raises:
        ProcessError: it cannot be started, or somebody else killed it.
    """
    came = [] if came is None else came
    with _noted(came):
        try:
            child = on_own_streams(argv)
        except OSError as error:
            raise ProcessError(f"cannot start '{argv[0]}': {error.strerror}") from error
        with _noted(came, also=child.send_signal):
            for number in came[:]:
                child.send_signal(number)  # it came before the child could be told
            code = child.wait()
    if came:
        return code if code > 0 else INTERRUPTED
    if code < 0:
        raise ProcessError(f"'{Path(argv[0]).name}' was killed by signal {-code}")
    return code


@contextlib.contextmanager
def _noted(came: list[int], also: Callable[[int], None] = lambda _: None) -> Iterator[None]:
    """Note each signal that is to end this process, instead of ending; what a parent ignores stays ignored."""

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        also(number)

    with contextlib.ExitStack() as stack:
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                stack.callback(functools.partial(signal.signal, number, signal.signal(number, note)))
        yield
