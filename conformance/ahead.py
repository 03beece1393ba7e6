"""The next environment's platform comes up while the last checks of this one wait: most of both is waiting."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from conformance.kube.wait import ended_by

T = TypeVar("T")


@dataclass(slots=True)
class Ahead(Generic[T]):
    """Enters a context in a thread of its own, once it is told to; whoever takes it leaves it."""

    context: Callable[[], AbstractContextManager[T]]
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _thread: threading.Thread | None = None
    _entered: list[T] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Start to enter the context; returns at once."""
        self._thread = threading.Thread(target=self._enter, name="ahead", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def taken(self) -> Iterator[T]:
        """Wait until the context is entered, entering it now where nobody began; leave it after the block.

        Raises:
            whatever entering it raised.
        """
        with self._stack:
            if self._thread is None:
                yield self._stack.enter_context(self.context())
                return
            self._thread.join()
            for error in self._errors:
                raise error
            yield self._entered[0]

    def abandon(self) -> None:
        """Leave the context, whether or not it is entered already; harmless when it was taken, or never begun."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._stack.close()

    def _enter(self) -> None:
        try:
            with ended_by(self._over):
                self._entered.append(self._stack.enter_context(self.context()))
        except BaseException as error:  # noqa: BLE001 - raised to whoever takes it
            self._errors.append(error)
