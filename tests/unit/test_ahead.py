"""A context that is entered before it is needed: who takes it, who leaves it, and what an error does."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from conformance.ahead import Ahead
from conformance.errors import WaitTimeout
from conformance.kube.wait import eventually


class Context:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.entered = threading.Event()

    @contextlib.contextmanager
    def __call__(self) -> Iterator[str]:
        self.said.append("up")
        self.entered.set()
        try:
            yield "platform"
        finally:
            self.said.append("down")


def test_it_is_entered_before_it_is_taken_and_left_after_the_block() -> None:
    context = Context()
    ahead = Ahead(context)
    ahead.begin()
    assert context.entered.wait(10)
    with ahead.taken() as value:
        assert (value, context.said) == ("platform", ["up"])
    assert context.said == ["up", "down"]
    ahead.abandon()
    assert context.said == ["up", "down"], "it is left once"


def test_what_nobody_began_is_entered_when_it_is_taken() -> None:
    context = Context()
    with Ahead(context).taken() as value:
        assert (value, context.said) == ("platform", ["up"])
    assert context.said == ["up", "down"]


def test_an_error_reaches_whoever_takes_it() -> None:
    def broken() -> contextlib.AbstractContextManager[str]:
        raise ValueError("no control plane")

    ahead = Ahead(broken)
    ahead.begin()
    with pytest.raises(ValueError, match="no control plane"), ahead.taken():
        pytest.fail("there is nothing to take")


def test_what_nobody_takes_is_left_when_it_is_abandoned() -> None:
    context = Context()
    ahead = Ahead(context)
    ahead.begin()
    ahead.abandon()
    assert context.said == ["up", "down"]
    Ahead(context).abandon()
    assert context.said == ["up", "down"], "what was never begun is not entered"


def test_a_context_that_still_comes_up_ends_its_waits_when_it_is_abandoned() -> None:
    begun, ended = threading.Event(), []

    @contextlib.contextmanager
    def endless() -> Iterator[str]:
        begun.set()
        try:
            eventually(lambda: False, bool, timeout_s=600, what="never")
        except WaitTimeout:
            ended.append("wait")
            raise
        yield ""

    ahead = Ahead(endless)
    ahead.begin()
    assert begun.wait(10)
    ahead.abandon()
    assert ended == ["wait"]
