"""An upgrade by a commit of new components, and the way back, as a user starts them: attacked throughout."""

from pathlib import Path

import pytest
from support.upgrades import BEFORE, MOVED, SOURCE, STAYED, TARGET, assert_attacked_and_denied, assert_serves

from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.upgrade_schema import UpgradeRow
from conformance.report.write import load_report


@pytest.fixture(scope="module")
def report(moved: tuple[int, Path]) -> ConformanceReport:
    return load_report(moved[1])


@pytest.fixture(scope="module")
def there(report: ConformanceReport) -> UpgradeRow:
    return report.upgrades[0]


@pytest.fixture(scope="module")
def back(report: ConformanceReport) -> UpgradeRow:
    return report.upgrades[1]


def test_isolation_holds_before_during_and_after_both_ways(moved: tuple[int, Path], report: ConformanceReport) -> None:
    assert report.judgement.reasons == ()
    assert report.verdict is Verdict.CONFORMANT
    assert moved[0] == 0
    assert [(one.source, one.target, one.way_back) for one in report.upgrades] == [
        (SOURCE, TARGET, False),
        (TARGET, SOURCE, True),
    ]


def test_every_kind_of_attack_was_made_all_the_time_and_denied(there: UpgradeRow, back: UpgradeRow) -> None:
    assert_attacked_and_denied(there)
    assert_attacked_and_denied(back)


def test_the_commit_moves_every_controller(there: UpgradeRow, report: ConformanceReport) -> None:
    assert "gotk-components.yaml" in there.route
    assert_serves(there, {**MOVED, **STAYED})
    assert {one.controller for one in there.controllers if one.before != one.after} == {*MOVED, *STAYED}
    said = " ".join(report.judgement.provisional_reasons)
    assert all(f"{name} " in said for name in STAYED)


def test_the_commit_back_moves_every_controller_back(there: UpgradeRow, back: UpgradeRow) -> None:
    assert_serves(back, BEFORE)
    assert {one.controller: (one.before, one.after) for one in back.controllers} == {
        one.controller: (one.after, one.before) for one in there.controllers
    }


def test_the_lockdown_and_the_tenants_objects_are_untouched_both_ways(there: UpgradeRow, back: UpgradeRow) -> None:
    assert [one.controls_changed for one in (there, back)] == [(), ()]
    assert [one.tenants_changed for one in (there, back)] == [(), ()]
    assert there.tenant_objects == back.tenant_objects > 0


def test_what_the_new_release_closes_is_told(there: UpgradeRow, back: UpgradeRow, report: ConformanceReport) -> None:
    changed = {one.name: (one.before, one.after) for one in there.checks_changed}
    assert {name.partition("[")[0] for name in changed} == {"J10"}
    assert set(changed.values()) == {("failed", "passed")}
    assert back.checks_changed == ()  # the checks are judged twice, not three times
    assert {row.result for row in report.results if row.id != "J10"} == {Outcome.PASSED}


def test_the_cli_of_both_releases_stands_in_the_report(report: ConformanceReport) -> None:
    assert {("flux", "v2.9.2"), ("flux", "v2.9.5")} <= {(one.tool, one.version) for one in report.binaries}


def test_the_page_shows_both_timelines(moved: tuple[int, Path]) -> None:
    page = (moved[1] / "report.html").read_text(encoding="utf-8")
    assert page.count('<svg class="timeline"') == 2
    assert "staging: Flux 2.9.5 back to 2.9.2" in page
    assert 'class="span failed"' not in page
