"""What ends a run from outside, and what must not end its teardown."""

import contextlib
import functools
import io
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_STDOUT = 1


@contextlib.contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end the run as Ctrl-C does: with teardown and report."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with contextlib.ExitStack() as stack:
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                stack.callback(functools.partial(signal.signal, number, signal.signal(number, interrupt)))
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C not break the teardown, which takes seconds."""
    with contextlib.ExitStack() as stack:
        for number in (signal.SIGINT, *_ENDING):
            stack.callback(functools.partial(signal.signal, number, signal.signal(number, signal.SIG_IGN)))
        yield


class _Output(io.TextIOWrapper):
    """Standard output that may end before the run does, as `| head` ends: the run and its exit code go on."""

    def write(self, text: str) -> int:
        with self._forgiving():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._forgiving():
            super().flush()

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            discard_output()


def forgive_closed_output() -> None:
    """Let standard output be closed, at the start or meanwhile, without an effect on the run."""
    if sys.stdout is None:  # closed by who started us, `>&-`; whatever is opened next must not take its number
        discard_output()
        sys.stdout = os.fdopen(_STDOUT, "w", closefd=False)
    elif not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout = _Output(sys.stdout.buffer, encoding=sys.stdout.encoding, errors="replace", line_buffering=True)


def discard_output() -> None:
    """Send to nowhere what is still to be written, so that the interpreter's end does not fail over it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != _STDOUT:
        os.dup2(nowhere, _STDOUT)
        os.close(nowhere)
