"""Waits: what comes true, what stays true, and what an object is watched for."""

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from conformance.errors import WaitTimeout
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref
from conformance.kube.wait import consistently, ended_by, eventually, object_until, pause
from conformance.model import Manifest

REF = Ref("v1", "ConfigMap", "loot", "shared-a")


def test_the_first_good_observation_is_returned() -> None:
    numbers = iter(range(10))
    found = eventually(lambda: next(numbers), lambda n: n == 3, timeout_s=5, what="three", interval_s=0)
    assert (found, next(numbers)) == (3, 4)


def test_what_does_not_come_true_is_told_with_the_last_observation() -> None:
    with pytest.raises(WaitTimeout, match=r"the moon rises did not come true within 0\.05 s; last seen: 'dark'"):
        eventually(lambda: "dark", lambda _: False, timeout_s=0.05, what="the moon rises", interval_s=0.01)


def test_a_long_observation_is_cut() -> None:
    with pytest.raises(WaitTimeout) as caught:
        eventually(lambda: "x" * 5000, lambda _: False, timeout_s=0, what="it", interval_s=0)
    assert len(caught.value.what) < 600
    assert caught.value.what.endswith("…")


def test_an_error_of_the_observation_passes_through() -> None:
    def observe() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        eventually(observe, bool, timeout_s=5, what="it")


def test_a_wait_can_be_stopped_by_another_thread() -> None:
    stop = threading.Event()
    threading.Thread(target=stop.set).start()
    begun = time.monotonic()
    with ended_by(stop), pytest.raises(WaitTimeout, match="the run ended while this was waited for"):
        eventually(lambda: False, bool, timeout_s=60, what="it", interval_s=30)
    assert time.monotonic() - begun < 10


def test_every_wait_of_a_run_that_ends_is_over_at_once() -> None:
    ending = threading.Event()
    ending.set()
    with ended_by(ending):
        with pytest.raises(WaitTimeout, match="the run ended"):
            consistently(lambda: "fine", bool, for_s=60)
        with pytest.raises(WaitTimeout, match="the run ended"):
            pause(60)
        with pytest.raises(WaitTimeout, match="the run ended"):
            until(FakeClient([None]), {"a": 1}, timeout_s=60)
    assert consistently(lambda: "fine", bool, for_s=0) is None, "outside of the block nothing ends"


def test_what_has_come_true_counts_even_when_the_run_ends() -> None:
    ending = threading.Event()
    ending.set()
    with ended_by(ending):
        assert eventually(lambda: 1, bool, timeout_s=1, what="it") == 1
        assert until(FakeClient([{"a": 1}]), {"a": 1}) == ({"a": 1}, True)


def test_what_holds_is_looked_at_until_the_end_of_the_window() -> None:
    seen: list[int] = []
    begun = time.monotonic()
    assert consistently(lambda: seen.append(1) or len(seen), bool, for_s=0.2, interval_s=0.05) is None
    assert time.monotonic() - begun >= 0.2
    assert len(seen) >= 3


def test_the_first_breach_is_returned_at_once() -> None:
    values = iter([1, 2, 3, 4])
    assert consistently(lambda: next(values), lambda n: n < 3, for_s=60, interval_s=0) == 3


def test_a_window_of_no_length_still_looks_once() -> None:
    assert consistently(lambda: "breach", lambda _: False, for_s=0) == "breach"
    assert consistently(lambda: "fine", lambda _: True, for_s=0) is None


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_pause_of_nothing_takes_nothing(seconds: float) -> None:
    begun = time.monotonic()
    pause(seconds)
    assert time.monotonic() - begun < 1


class FakeClient:
    """Reads the first of its states, then watches the following ones; an exception is raised in their place."""

    def __init__(self, *rounds: list[Any]) -> None:
        self.rounds = list(rounds)
        self.now: list[Any] = []
        self.watched: list[str] = []

    def objects_at(self, *_: object, **__: object) -> tuple[list[Manifest], str]:
        self.now = self.rounds.pop(0) if self.rounds else [None]
        first = self.now[0]
        return ([first] if first is not None else []), f"v{len(self.rounds)}"

    def watch(self, *_: object, since: str, **__: object) -> Iterator[tuple[str, Manifest]]:
        self.watched.append(since)
        for state in self.now[1:]:
            if isinstance(state, Exception):
                raise state
            yield ("DELETED", {}) if state is None else ("MODIFIED", state)


def until(client: FakeClient, wanted: Manifest | None, timeout_s: float = 5) -> tuple[Manifest | None, bool]:
    return object_until(cast("KubeClient", client), REF, lambda state: state == wanted, timeout_s=timeout_s)


def gone() -> ApiError:
    return ApiError(410, "Expired", "too old resource version", "GET /watch")


def test_what_is_there_already_is_not_watched() -> None:
    client = FakeClient([{"a": 1}])
    assert until(client, {"a": 1}) == ({"a": 1}, True)
    assert client.watched == []


def test_a_change_is_watched_from_what_was_read() -> None:
    client = FakeClient([{"a": 1}, {"a": 2}, {"a": 3}])
    assert until(client, {"a": 3}) == ({"a": 3}, True)
    assert client.watched == ["v0"]


def test_creation_and_deletion_are_changes() -> None:
    assert until(FakeClient([None, {"a": 1}]), {"a": 1}) == ({"a": 1}, True)
    assert until(FakeClient([{"a": 1}, None]), None) == (None, True)


def test_a_watch_that_ends_is_opened_anew_after_a_read() -> None:
    client = FakeClient([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 3}])
    assert until(client, {"a": 3}) == ({"a": 3}, True)
    assert len(client.watched) == 2


def test_a_version_that_is_too_old_is_read_anew() -> None:
    assert until(FakeClient([{"a": 1}, gone()], [{"a": 2}]), {"a": 2}) == ({"a": 2}, True)


def test_any_other_answer_is_a_breakdown() -> None:
    with pytest.raises(ApiError, match="500"):
        until(FakeClient([{"a": 1}, ApiError(500, "InternalError", "etcd", "GET /watch")]), {"a": 2})


def test_the_deadline_returns_the_last_state() -> None:
    assert until(FakeClient([{"a": 1}]), {"a": 2}, timeout_s=0) == ({"a": 1}, False)
