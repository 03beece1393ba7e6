"""The checks before and after an upgrade: which of two results counts, and how the change itself is asked for."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from conformance.bootstrap.upgrade_operator import with_version
from conformance.errors import Breakdown, Finding, InputError
from conformance.model import Environment, Evidence, Level, Outcome, Result
from conformance.timeline import UpgradeRecord
from conformance.upgrading import checks
from conformance.upgrading.checks import before_and_after, settled

PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
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
INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux}
spec:
  distribution: {version: 2.9.2, registry: ghcr.io/fluxcd}
  cluster: {multitenant: true}
"""


def job(key: str = "F01", level: Level = Level.CORE) -> Any:
    return SimpleNamespace(key=key, check=SimpleNamespace(id=key, level=level, exclusive=False))


def judged(outcome: Outcome, key: str = "F01", path: str = "a") -> tuple[Result, BaseException | None]:
    error = {FAILED: Finding("it went through"), ERROR: Breakdown("no answer")}.get(outcome)
    result = Result(
        id=key,
        statement="it holds",
        level=Level.CORE,
        environment=Environment.STAGING,
        outcome=outcome,
        duration_s=1.0,
        control="prune",
        message=str(getattr(error, "what", "")),
        evidence=(Evidence(path=path, sha256="0" * 64, kind="answer"),),
    )
    return result, error


@pytest.mark.parametrize(
    ("before", "after", "counts", "on"),
    [
        (PASSED, PASSED, PASSED, ""),
        (PASSED, FAILED, FAILED, "2.9.5"),
        (FAILED, PASSED, FAILED, "2.9.2"),
        (ERROR, PASSED, ERROR, "2.9.2"),
        (ERROR, FAILED, FAILED, "2.9.5"),
    ],
)
def test_what_failed_at_either_time_has_failed(before: Outcome, after: Outcome, counts: Outcome, on: str) -> None:
    result, error = settled(job(), judged(before, path="a"), judged(after, path="b"), RECORD)
    assert result.outcome is counts
    assert result.message.endswith(f"seen on Flux {on}" if on else "")
    assert (error is None) is (counts is PASSED)
    assert [one.path for one in result.evidence] == ["a", "b"]


def test_a_documented_limit_is_shown_as_it_is_afterwards() -> None:
    limit = job("J10", Level.PROVISIONAL)
    result, _ = settled(limit, judged(FAILED), judged(PASSED), RECORD)
    assert result.outcome is PASSED


class FakeHarvest:
    platform = SimpleNamespace(environment="staging")

    def __init__(self, *jobs: Any) -> None:
        self.jobs = jobs
        self.settled: dict[str, Outcome] = {}

    def result(self, one: Any) -> tuple[Result, BaseException | None]:
        return judged(PASSED, one.key)

    def settle(self, one: Any, result: Result, error: BaseException | None) -> None:
        assert (error is None) is (result.outcome is PASSED)
        self.settled[one.key] = result.outcome


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(checks, "sweep", lambda *_: done.append("sweep"))
    monkeypatch.setattr(
        checks, "judge_all", lambda jobs, *_: done.append("judge") or [judged(FAILED, j.key) for j in jobs]
    )
    return done


def changed(steps: list[str]) -> UpgradeRecord:
    steps.append("change")
    return RECORD


def test_the_checks_are_judged_again_after_the_change(steps: list[str]) -> None:
    harvest: Any = FakeHarvest(job("F01"), job("G01"))
    record = before_and_after(harvest, lambda: changed(steps), steps.append)
    assert steps == ["sweep", "change", "staging: the same checks again, on Flux 2.9.5", "judge"]
    assert harvest.settled == {"F01": FAILED, "G01": FAILED}
    assert (record.before, record.after) == ({"F01": "passed", "G01": "passed"}, {"F01": "failed", "G01": "failed"})


def test_nothing_is_judged_again_where_the_change_broke(steps: list[str]) -> None:
    harvest: Any = FakeHarvest(job("F01"))
    record = before_and_after(harvest, lambda: replace(RECORD, broke="not Ready"), steps.append)
    assert steps == ["sweep"]
    assert (record.broke, record.before, record.after) == ("not Ready", {"F01": "passed"}, {})


def test_an_upgrade_changes_the_version_and_nothing_else_of_the_flux_instance() -> None:
    written = yaml.safe_load(with_version(INSTANCE, "2.9.5"))
    assert written["spec"]["distribution"] == {"version": "2.9.5", "registry": "ghcr.io/fluxcd"}
    known = yaml.safe_load(INSTANCE)
    known["spec"]["distribution"]["version"] = "2.9.5"
    assert written == known


@pytest.mark.parametrize(
    "text", [INSTANCE.replace("2.9.2", "2.9.5"), INSTANCE.replace("version: 2.9.2, ", ""), "kind: X\n"]
)
def test_an_instance_without_another_version_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"no other version than 2\.9\.5"):
        with_version(text, "2.9.5")
