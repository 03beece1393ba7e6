"""A result that no row of report.yaml is of lies beside its evidence."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from conformance.errors import Finding, KubeError
from conformance.evidence import EvidenceFolder
from conformance.harvest import Job
from conformance.model import Environment, Fidelity, Plane
from conformance.mutation import judging
from conformance.report.schema import ResultRow
from tests.unit.test_bystanders import job

SECRET = "hunter2hunter2"


def judged(root: Path, function: Any, monkeypatch: pytest.MonkeyPatch, refused: str = "") -> ResultRow:
    """Return what is kept of one check; `refused`: why its objects could not be planted."""
    platform = SimpleNamespace(report=root, redact=lambda text: text.replace(SECRET, "[redacted]"), rerun="")

    def plant() -> None:
        if refused:
            raise KubeError(refused)

    def scenario(one: Job, _platform: object, folder: str, _planted_at: object = None) -> Any:
        evidence = EvidenceFolder(root, f"{folder}/{one.folder}", platform.redact)
        return SimpleNamespace(
            platform=platform, environment=Environment.STAGING, evidence=evidence, denials=1,
            planes={Plane.ANSWER: None}, fidelity=Fidelity.REAL, cells=[], plant=plant,
        )  # fmt: skip

    monkeypatch.setattr(judging, "scenario_of", scenario)
    monkeypatch.setattr("conformance.harvest.lockdown", SimpleNamespace(read=lambda *_: "live"))
    one = replace(job("F02"), function=function, parameter="bucket")
    judging.judge_all([one], cast(Any, platform), "evidence/staging/mutants/M01/mutated")
    kept = root / "evidence/staging/mutants/M01/mutated/F02-bucket/result.yaml"
    return ResultRow.model_validate(yaml.safe_load(kept.read_text()))


def escaped(scenario: Any) -> None:
    scenario.evidence.record("answer", "x", {"status": 200})
    raise Finding(f"it went through with {SECRET}", wanted="403", observed="200")


def test_a_finding_is_kept_with_its_words_its_planes_and_its_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = judged(tmp_path, escaped, monkeypatch)
    assert (row.key, row.result, row.reading) == ("F02[bucket]", "failed", "the property does not hold")
    assert (row.message, row.wanted, row.observed) == ("it went through with [redacted]", "403", "200")
    assert (row.denial, row.planes) == (True, (Plane.ANSWER,))
    assert [file.path for file in row.evidence] == ["evidence/staging/mutants/M01/mutated/F02-bucket/01-answer-x.yaml"]


def test_what_passed_and_what_could_not_be_judged_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(tmp_path / "a", lambda **_: None, monkeypatch).result == "passed"
    row = judged(tmp_path / "b", lambda **_: None, monkeypatch, refused="no room")
    assert (row.result, row.message, row.evidence) == ("error", "no room", ())
