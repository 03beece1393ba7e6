"""Every wait of the suite: a condition that comes true, or one that stays true."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from http import HTTPStatus
from typing import TypeVar

import tenacity

from conformance.errors import WaitTimeout
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref
from conformance.model import Manifest

T = TypeVar("T")

WATCH_CHUNK_S = 20
"""Length of one watch; it is opened anew until the deadline."""
_ending: ContextVar[threading.Event] = ContextVar("_ending", default=threading.Event())  # noqa: B039 - never set


@contextlib.contextmanager
def ended_by(event: threading.Event) -> Iterator[None]:
    """Let every wait of this thread end with WaitTimeout as soon as the event is set: the run is over."""
    token = _ending.set(event)
    try:
        yield
    finally:
        _ending.reset(token)


def eventually(
    observe: Callable[[], T],
    until: Callable[[T], bool],
    *,
    timeout_s: float,
    what: str,
    interval_s: float = 0.1,
) -> T:
    """Return the first observation for which `until` holds; for what has no watch (files, logs, processes).

    Raises:
        WaitTimeout: with the last observation, after `timeout_s` seconds.
    """
    ending = _ending.get()
    bound = tenacity.stop_after_delay(timeout_s)
    poll: tenacity.Retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda value: not until(value)),
        wait=tenacity.wait_fixed(interval_s),
        stop=lambda state: ending.is_set() or bool(bound(state)),
        sleep=tenacity.sleep_using_event(ending),
    )
    try:
        return poll(observe)
    except tenacity.RetryError as error:
        _check(ending)
        last = error.last_attempt.result()
        raise WaitTimeout(f"{what} did not come true within {timeout_s:g} s; last seen: {_brief(last)}") from None


def consistently(
    observe: Callable[[], T], holds: Callable[[T], bool], *, for_s: float, interval_s: float = 0.25
) -> T | None:
    """Observe for `for_s` seconds; return the first observation that breaks `holds`, or None.

    Raises:
        WaitTimeout: the run ended meanwhile.
    """
    deadline = time.monotonic() + for_s
    while True:
        value = observe()
        if not holds(value):
            return value
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        pause(min(interval_s, left))


def pause(seconds: float) -> None:
    """Let time pass where time itself is the condition: the rest of a hold window.

    Raises:
        WaitTimeout: the run ended meanwhile.
    """
    if seconds > 0:
        _ending.get().wait(seconds)
    _check(_ending.get())


def object_until(
    client: KubeClient, ref: Ref, until: Callable[[Manifest | None], bool], *, timeout_s: float
) -> tuple[Manifest | None, bool]:
    """Watch one object until the predicate holds; return the last state and whether it held.

    None stands for "is not there". No polling: the object is read once, then watched from that version on.

    Raises:
        WaitTimeout: the run ended meanwhile.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        state, version = _read(client, ref)
        if until(state):
            return state, True
        _check(_ending.get())
        left = deadline - time.monotonic()
        if left <= 0:
            return state, False
        for state in _states(client, ref, since=version, seconds=left):
            if until(state):
                return state, True


def _read(client: KubeClient, ref: Ref) -> tuple[Manifest | None, str]:
    fields = f"metadata.name={ref.name}"
    items, version = client.objects_at(ref.api_version, ref.kind, namespace=ref.namespace, fields=fields)
    return (items[0] if items else None), version


def _states(client: KubeClient, ref: Ref, *, since: str, seconds: float) -> Iterator[Manifest | None]:
    chunk = max(1, min(WATCH_CHUNK_S, int(seconds + 0.99)))
    try:
        for event, item in client.watch(
            ref.api_version, ref.kind, namespace=ref.namespace, name=ref.name, since=since, seconds=chunk
        ):
            yield None if event == "DELETED" else item
    except ApiError as error:
        if error.status != HTTPStatus.GONE:
            raise


def _check(ending: threading.Event) -> None:
    if ending.is_set():
        raise WaitTimeout("the run ended while this was waited for")


def _brief(value: object, limit: int = 400) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "…"
