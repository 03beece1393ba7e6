"""An upgrade by the Flux Operator as a user starts it: attacked throughout, judged before and after."""

from pathlib import Path

import pytest
from support.upgrades import MOVED, STAYED, assert_attacked_and_denied, assert_serves, upgrade

from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.upgrade_schema import UpgradeRow
from conformance.report.write import load_report

CHECKS = "A01 or A02 or A03 or B01 or C01 or C13 or F01 or F07 or G01 or H06 or J10"


@pytest.fixture(scope="module")
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("upgrade") / "report"
    return upgrade(request, folder, CHECKS, "--bootstrap", "operator"), folder


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
    assert_attacked_and_denied(block)


def test_the_processes_are_those_that_the_deployments_name(block: UpgradeRow) -> None:
    running = {one.controller: one.runs for one in block.controllers}
    assert {name: running[name] for name in STAYED} == STAYED
    named = {one.controller: one.after for one in block.controllers}
    assert {name: named[name] for name in MOVED} == MOVED
    assert_serves(block, MOVED)


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
