"""What could not be judged of a mutant within short waits is judged once more, with the waits of a certification."""

from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance import mutation
from conformance.bootstrap.mutants import MUTANTS
from conformance.bootstrap.platform import Platform
from conformance.harvest import Job
from conformance.model import Environment, Kill, Outcome
from conformance.settings import Timeouts
from tests.unit.test_bystanders import job

FULL = Timeouts().reconciled
CLAIMS, BESIDE = job("G01", kills="M02"), job("A01")


class Judging:
    """Stands for a platform: each check says what it is told to with short waits, and with full ones."""

    def __init__(self, short: dict[str, Outcome], full: dict[str, Outcome]) -> None:
        self.said = {True: full, False: short}
        self.asked: list[tuple[list[str], bool, str]] = []
        self.swept: list[list[str]] = []

    def judge_all(self, jobs: Sequence[Job], platform: Platform, folder: str) -> list[tuple[Any, None]]:
        patient = platform.timeouts.reconciled == FULL
        self.asked.append(([one.key for one in jobs], patient, folder.rpartition("/")[2]))
        return [(SimpleNamespace(outcome=self.said[patient][one.key]), None) for one in jobs]

    def sweep(self, jobs: Sequence[Job], *_: object) -> None:
        self.swept.append([one.key for one in jobs])


def kill(judging: Judging, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(mutation, "judge_all", judging.judge_all)
    monkeypatch.setattr(mutation, "sweep", judging.sweep)
    monkeypatch.setattr(mutation, "_syncs_mended", lambda *_: nullcontext())
    monkeypatch.setattr(mutation, "_impatient", lambda platform, _: SimpleNamespace(timeouts=Timeouts(reconciled=20.0)))
    monkeypatch.setattr(mutation, "namespaces_of", lambda *_: [])
    mutant = SimpleNamespace(id="M02", description=MUTANTS["M02"].description, apply=lambda *_: nullcontext())
    platform = SimpleNamespace(timeouts=Timeouts(), environment=Environment.STAGING)
    return mutation.kill(cast(Any, mutant), [CLAIMS], cast(Any, platform), [BESIDE])


def test_a_check_that_needed_more_time_is_judged_again_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    judging = Judging({"G01": Outcome.ERROR, "A01": Outcome.PASSED}, {"G01": Outcome.FAILED, "A01": Outcome.ERROR})
    result = kill(judging, monkeypatch)
    assert (result.kills, result.bystanders, result.message) == ({"G01": Kill.KILLED}, {"A01": Kill.SURVIVED}, "")
    assert judging.asked == [(["G01", "A01"], False, "mutated"), (["G01"], True, "mutated-again")]
    assert judging.swept == [["G01"], ["G01", "A01"]]


def test_a_check_that_full_waits_do_not_help_is_no_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    judging = Judging({"G01": Outcome.ERROR, "A01": Outcome.ERROR}, {"G01": Outcome.ERROR, "A01": Outcome.FAILED})
    result = kill(judging, monkeypatch)
    assert (result.kills, result.bystanders) == ({"G01": Kill.ERROR}, {"A01": Kill.KILLED})
    assert "G01" in result.message
    assert "A01" in result.message


def test_a_survivor_and_a_false_kill_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    judging = Judging({"G01": Outcome.PASSED, "A01": Outcome.FAILED}, {})
    result = kill(judging, monkeypatch)
    assert (result.kills, result.bystanders) == ({"G01": Kill.SURVIVED}, {"A01": Kill.KILLED})
    assert judging.swept == [["G01", "A01"]]


def test_what_is_as_wanted_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judging = Judging({"G01": Outcome.FAILED, "A01": Outcome.PASSED}, {})
    assert kill(judging, monkeypatch).kills == {"G01": Kill.KILLED}
    assert judging.swept == [["G01", "A01"]]
