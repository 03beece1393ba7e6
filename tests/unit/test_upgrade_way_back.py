"""The way back after an upgrade: when it is gone, from where to where, and that it is a record of its own."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import Breakdown
from conformance.timeline import UpgradeRecord
from conformance.upgrading import there_and_back as module
from conformance.upgrading.there_and_back import Way

RECORD = UpgradeRecord(
    environment="staging",
    route="a commit",
    source="2.9.2",
    target="2.9.5",
    began=0.0,
    ended=1.0,
    attacks=(),
    marks=(),
    twins=(),
    controllers=(),
)
PLATFORM: Any = SimpleNamespace(environment="staging")


class FakeClock:
    def __init__(self, steps: list[str]) -> None:
        self.say = steps.append
        self.steps = steps

    def phase(self, name: str, environment: str, progress: Any) -> AbstractContextManager[None]:
        assert (environment, progress()) == ("staging", "3 attacks")
        self.steps.append(name)
        return nullcontext()


class FakeChange:
    broke = ""

    def __init__(self, platform: Any, upgrade: Any, source: str, target: str, way_back: bool = False) -> None:
        assert upgrade == f"to {target}"
        self.platform = platform
        self.record = replace(RECORD, source=source, target=target, way_back=way_back, broke=self.broke)

    def progress(self) -> str:
        return "3 attacks"

    def run(self) -> UpgradeRecord:
        return self.record


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(module, "upgrade_of", lambda _, release, flux: f"to {release}")
    monkeypatch.setattr(module, "Change", FakeChange)
    monkeypatch.setattr(module, "before_and_after", lambda _, change, say: change())
    monkeypatch.setattr(module, "swept_again", lambda _: done.append("swept"))
    return done


def gone(steps: list[str], *, back: bool) -> list[tuple[str, str, bool]]:
    return [(one.source, one.target, one.way_back) for one in ways(steps, back=back)]


def ways(steps: list[str], *, back: bool) -> list[UpgradeRecord]:
    clock: Any = FakeClock(steps)
    way = Way(
        source="2.9.2",
        target="2.9.5",
        back=back,
        flux=lambda _: Path("flux"),
        prepare=lambda: steps.append("prepared"),
        clock=clock,
    )
    harvest: Any = None
    return list(way.go(PLATFORM, harvest))


THERE = ("2.9.2", "2.9.5", False)


def test_without_being_asked_for_there_is_no_way_back(steps: list[str]) -> None:
    assert gone(steps, back=False) == [THERE]
    assert steps == ["prepared", "upgrade to 2.9.5"]


def test_the_way_back_is_gone_when_the_other_release_was_judged(steps: list[str]) -> None:
    assert gone(steps, back=True) == [THERE, ("2.9.5", "2.9.2", True)]
    assert steps == ["prepared", "upgrade to 2.9.5", "swept", "way back to 2.9.2"]


def test_from_a_release_that_was_never_reached_nobody_goes_back(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeChange, "broke", "not Ready")
    assert gone(steps, back=True) == [THERE]
    assert steps[-1] == "staging: no way back, since the platform did not come to Flux 2.9.5"


def test_what_breaks_between_the_ways_leaves_the_first_one_as_it_was(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> None:
        raise Breakdown("F01 was not removed")

    monkeypatch.setattr(module, "swept_again", broken)
    there, back = ways(steps, back=True)
    assert (there.source, there.broke) == ("2.9.2", "")
    assert (back.source, back.target, back.way_back, back.ended) == ("2.9.5", "2.9.2", True, None)
    assert back.broke == "F01 was not removed"
