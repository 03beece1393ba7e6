"""Phases: each is timed and told, and none is silent for long."""

import re
import threading

import pytest

from conformance import progress
from conformance.kube.wait import eventually
from conformance.progress import PhaseClock


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def clock(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> PhaseClock:
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0.02)
    return PhaseClock(lines.append)


def until_said(lines: list[str], text: str) -> None:
    eventually(lambda: [*lines], lambda said: any(text in line for line in said), timeout_s=5, what=text)


def test_a_line_has_the_time_since_the_run_began(clock: PhaseClock, lines: list[str]) -> None:
    clock.say("hello")
    assert re.fullmatch(r"\[ +\d+\.\d s\] hello", lines[0])


def test_a_phase_is_told_at_its_end_and_kept(clock: PhaseClock, lines: list[str]) -> None:
    with clock.phase("control plane", "staging"):
        assert lines == []
    assert re.search(r"staging: control plane done in \d+\.\d s$", lines[-1])
    assert [(phase.name, phase.environment) for phase in clock.phases] == [("control plane", "staging")]


def test_a_phase_that_breaks_off_says_so_and_is_kept(clock: PhaseClock, lines: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt), clock.phase("checks"):
        raise KeyboardInterrupt
    assert "checks broke off in" in lines[-1]
    assert len(clock.phases) == 1


def test_a_quiet_phase_is_told_only_when_it_lasts_or_breaks(clock: PhaseClock, lines: list[str]) -> None:
    with clock.phase("binaries", quiet=True):
        pass
    assert lines == []
    with pytest.raises(ValueError, match="x"), clock.phase("binaries", quiet=True):
        raise ValueError("x")
    assert "binaries broke off" in lines[-1]


def test_a_long_phase_says_what_it_waits_for(clock: PhaseClock, lines: list[str]) -> None:
    with clock.phase("fleet", "staging", lambda: "not ready: apps"):
        until_said(lines, "staging: fleet … 0 s, not ready: apps")


def test_a_heartbeat_outlives_what_it_cannot_ask(clock: PhaseClock, lines: list[str]) -> None:
    asked = threading.Event()

    def detail() -> str:
        if not asked.is_set():
            asked.set()
            raise OSError("the API server does not answer")
        return "it does again"

    with clock.phase("fleet", "", detail):
        until_said(lines, "it does again")


def test_no_heartbeat_comes_after_the_end(clock: PhaseClock, lines: list[str]) -> None:
    entered, released = threading.Event(), threading.Event()

    def detail() -> str:
        entered.set()
        released.wait(5)
        return "late"

    with clock.phase("fleet", "", detail):
        assert entered.wait(5)
    released.set()
    (beat,) = [thread for thread in threading.enumerate() if thread.name == "heartbeat-fleet"] or [None]
    if beat is not None:
        beat.join(5)
    assert [line for line in lines if "late" in line] == []
