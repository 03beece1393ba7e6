"""From what a check said to the exit code, the terminal and the report; with a session that has no platform."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

Fake = Callable[..., pytest.RunResult]
FINDING = "raise Finding('the loot is there', wanted='no loot', observed='loot')"
BREAKDOWN = "raise Breakdown('no answer', hint='ask again')"


def report_of(suite: Any) -> ConformanceReport:
    return load_report(suite.pytester.path / "report")


@pytest.mark.parametrize(
    ("body", "code", "verdict", "outcome"),
    [
        pytest.param("pass", 0, Verdict.CONFORMANT, Outcome.PASSED, id="passed"),
        pytest.param(FINDING, 1, Verdict.NON_CONFORMANT, Outcome.FAILED, id="finding"),
        pytest.param(BREAKDOWN, 10, Verdict.INCONCLUSIVE, Outcome.ERROR, id="breakdown"),
        pytest.param("assert False", 10, Verdict.INCONCLUSIVE, Outcome.ERROR, id="a fault of the check"),
    ],
)
def test_the_verdict_is_the_exit_code(
    suite: Any, fake: Fake, body: str, code: int, verdict: Verdict, outcome: Outcome
) -> None:
    suite.write_check(body)
    assert fake().ret == code
    report = report_of(suite)
    assert (report.verdict, [row.result for row in report.results]) == (verdict, [outcome])
    assert ET.parse(suite.pytester.path / "report" / "junit.xml").getroot().tag == "testsuites"


def test_a_finding_is_shown_as_wanted_and_observed_without_a_traceback(suite: Any, fake: Fake) -> None:
    suite.write_check(FINDING)
    said = fake().stdout.str()
    assert "the loot is there" in said
    assert "no loot" in said
    assert "Traceback" not in said
    assert "ERROR (not a finding)" not in said


def test_a_breakdown_is_never_called_a_finding(suite: Any, fake: Fake) -> None:
    suite.write_check(BREAKDOWN)
    said = fake().stdout.str()
    assert "ERROR (not a finding): engine: no answer" in said
    assert "next  ask again" in said


@pytest.mark.parametrize("words", [(), ("--no-summary",)])
def test_a_warning_is_shown_with_and_without_pytests_own_summary(
    suite: Any, fake: Fake, words: tuple[str, ...]
) -> None:
    suite.write_check("import warnings; warnings.warn('a thread broke')")
    said = fake("", *words).stdout.str()
    assert said.count("a thread broke") == 1 + said.count("warnings.warn")
    assert ("warning in test_f01_own.py::test_f01_own" in said) == bool(words)


def test_a_documented_limit_is_shown_and_judges_nothing(suite: Any, fake: Fake) -> None:
    suite.write_check()
    suite.write_check(FINDING, check_id="G02", options="level=Level.PROVISIONAL, unmutable='no control'")
    result = fake()
    assert result.ret == 0
    result.assert_outcomes(passed=1, xfailed=1, deselected=2)
    assert {row.id: row.result for row in report_of(suite).results} == {"F01": Outcome.PASSED, "G02": Outcome.FAILED}
    assert "documented limit: the loot is there" in fake("", "-rx").stdout.str()


def test_a_documented_limit_that_cannot_be_read_is_an_error_all_the_same(suite: Any, fake: Fake) -> None:
    suite.write_check()
    suite.write_check(BREAKDOWN, check_id="G02", options="level=Level.PROVISIONAL, unmutable='no control'")
    fake().assert_outcomes(passed=1, failed=1, deselected=2)


def test_what_the_cluster_cannot_show_is_unsupported_and_not_conformant(suite: Any, fake: Fake) -> None:
    suite.write_check("pass", options="kills=['M02'], needs=[Capability.AUDIT_LOG]")
    result = fake("", "-rs")
    assert result.ret == 10
    assert "unsupported by the provider: needs audit-log" in result.stdout.str()
    assert [row.result for row in report_of(suite).results] == [Outcome.UNSUPPORTED]


def test_without_a_platform_all_checks_are_unjudged_and_the_layer_is_named(suite: Any, fake: Fake) -> None:
    suite.write_check()
    suite.write_check(check_id="F05")
    result = fake("without-platform")
    assert result.ret == 10
    assert "ERROR (not a finding): bootstrap: flux bootstrap git failed" in result.stdout.str()
    report = report_of(suite)
    assert report.breakdowns == ("bootstrap: flux bootstrap git failed",)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.summary.missing == ("staging/F05",)


def test_a_teardown_that_breaks_is_a_breakdown(suite: Any, fake: Fake) -> None:
    suite.write_check()
    assert fake("teardown-breaks").ret == 10
    assert report_of(suite).breakdowns == ("provider: etcd does not end",)


@pytest.mark.parametrize("mood", ["", "teardown-breaks"])
def test_ctrl_c_in_a_check_writes_the_report(suite: Any, fake: Fake, mood: str) -> None:
    suite.write_check("raise KeyboardInterrupt")
    suite.write_check(check_id="F05")
    result = fake(mood)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "closed" in result.stdout.str()
    report = report_of(suite)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.breakdowns[0] == "engine: the run was interrupted before it was complete"
    assert report.summary.missing == ("staging/F01", "staging/F05")
    assert len(report.breakdowns) == 1 + bool(mood)


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_as_ctrl_c_does(suite: Any, fake: Fake, number: str) -> None:
    suite.write_check(f"import signal; signal.raise_signal(signal.{number})")
    assert fake().ret == pytest.ExitCode.INTERRUPTED
    assert report_of(suite).verdict is Verdict.INCONCLUSIVE


def test_a_report_that_cannot_be_written_is_no_finding(suite: Any, fake: Fake) -> None:
    suite.write_check("import pathlib, shutil; shutil.rmtree('report'); pathlib.Path('report').touch()")
    result = fake()
    assert result.ret == 10
    assert "ERROR (not a finding): input: cannot write" in result.stderr.str()
    assert "closed" in result.stdout.str()


def test_stopping_at_the_first_finding_is_still_a_finding(suite: Any, fake: Fake) -> None:
    suite.write_check(FINDING)
    suite.write_check(check_id="F05")
    assert fake("", "-x").ret == 1
    assert report_of(suite).summary.missing == ("staging/F05",)


def test_a_selection_is_said_in_the_report(suite: Any, fake: Fake) -> None:
    suite.write_check()
    suite.write_check(check_id="F05")
    assert fake("", "-k", "F05").ret == 0
    report = report_of(suite)
    assert report.judgement.provisional
    assert report.suite.not_selected == ("staging/F01",)


def test_exclusive_checks_come_last(suite: Any, fake: Fake) -> None:
    suite.write_check(check_id="A01", options="kills=['M02'], exclusive=True")
    suite.write_check(check_id="F05")
    fake()
    assert [row.id for row in report_of(suite).results] == ["A01", "F05"]
    result = suite.run("--collect-only", "-q", "-m", "staging")
    files = [line.partition("::")[0] for line in result.outlines if "::" in line]
    assert files == ["test_f05_own.py", "test_a01_own.py"]
