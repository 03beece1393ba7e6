"""An upgrade by the Flux Operator as a user starts it: attacked throughout, judged before and after."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.upgrade_schema import UpgradeRow
from conformance.report.write import load_report
from conformance.settings import environment
from conformance.timeline import Act, Fate

TOOLCHAIN = "FLUX_TENANCY_TOOLCHAIN"
BEYOND_SECONDS = 900
"""When a run is given up; on two quiet cores it takes less than three minutes."""
CHECKS = "A01 or A02 or A03 or B01 or C01 or C13 or F01 or F07 or G01 or H06 or J10"
MOVED = {"source-controller": "v1.9.5", "kustomize-controller": "v1.9.5", "helm-controller": "v1.6.4"}
STAYED = {
    "notification-controller": "v1.9.2",
    "image-reflector-controller": "v1.2.3",
    "image-automation-controller": "v1.2.3",
}
"""Not served in the target's version: what runs in their place is the version that they came from."""


@pytest.fixture(scope="module")
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("upgrade") / "report"
    argv = [sys.executable, "-m", "conformance", "upgrade", "--from", "2.9.2", "--to", "2.9.5", "-k", CHECKS]
    argv += ["--report", str(folder)]
    given = environment().get(TOOLCHAIN)
    argv += ["--", f"--flux-toolchain={given}"] if given else []
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return subprocess.run(argv, check=False, timeout=BEYOND_SECONDS).returncode, folder


@pytest.fixture(scope="module")
def report(upgraded: tuple[int, Path]) -> ConformanceReport:
    return load_report(upgraded[1])


@pytest.fixture(scope="module")
def block(report: ConformanceReport) -> UpgradeRow:
    (only,) = report.upgrades
    return only


def test_isolation_holds_before_during_and_after(upgraded: tuple[int, Path], report: ConformanceReport) -> None:
    assert report.judgement.reasons == ()
    assert report.verdict is Verdict.CONFORMANT
    assert upgraded[0] == 0


def test_the_verdict_is_provisional_and_says_what_was_not_of_the_release(report: ConformanceReport) -> None:
    said = " ".join(report.judgement.provisional_reasons)
    assert "source-controller was built with github.com/fluxcd/pkg/artifact" in said
    assert all(f"{name} " in said for name in STAYED)


def test_every_kind_of_attack_was_made_all_the_time_and_denied(block: UpgradeRow) -> None:
    assert {one.fate for one in block.attacks} == {Fate.DENIED}
    assert block.seconds is not None
    for kind in block.kinds:
        moments = [one.at for one in block.attacks if one.kind == kind.kind]
        assert min(moments) < 0 < block.seconds < max(moments), kind.kind
        assert any(0 <= moment <= block.seconds for moment in moments), kind.kind
    assert {(one.kind, one.when) for one in block.twins if one.works} == {
        (kind.kind, when) for kind in block.kinds for when in ("before", "after")
    }


def test_the_processes_are_those_that_the_deployments_name(block: UpgradeRow) -> None:
    running = {one.controller: one.runs for one in block.controllers}
    assert {name: running[name] for name in (*MOVED, *STAYED)} == {**MOVED, **STAYED}
    named = {one.controller: one.after for one in block.controllers}
    assert {name: named[name] for name in MOVED} == MOVED
    for name, version in MOVED.items():
        served = [one.version for one in block.marks if one.controller == name and one.act is Act.SERVES]
        assert served[-1:] == [version], name


def test_what_the_new_release_closes_is_told(block: UpgradeRow, report: ConformanceReport) -> None:
    changed = {one.name: (one.before, one.after) for one in block.checks_changed}
    assert {name.partition("[")[0] for name in changed} == {"J10"}
    assert set(changed.values()) == {("failed", "passed")}
    assert {row.result for row in report.results if row.id != "J10"} == {Outcome.PASSED}


def test_both_releases_stand_in_the_report(report: ConformanceReport) -> None:
    versions = {(one.tool, one.version) for one in report.binaries}
    assert {("kustomize-controller", "v1.9.3"), ("kustomize-controller", "v1.9.5")} <= versions


def test_the_page_shows_the_timeline(upgraded: tuple[int, Path]) -> None:
    page = (upgraded[1] / "report.html").read_text(encoding="utf-8")
    assert "Upgrade under attack" in page
    assert 'class="span passed"' in page
    assert 'class="span failed"' not in page
