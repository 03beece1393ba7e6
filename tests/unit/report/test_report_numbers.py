"""Planes, limits that are closed, the slowest checks and the explanations: in the record, and in every form of it."""

import json

import pytest
import yaml

from conformance.model import Kill, Level, Outcome, Plane
from conformance.report import github, terminal, wording
from conformance.report.build import build_report
from conformance.report.document import from_yaml, to_yaml
from conformance.report.render import render_html


@pytest.fixture
def denials(make_result):
    def denial(check, planes, outcome=Outcome.PASSED):
        return make_result(check, outcome, denial=True, planes=planes)

    return [
        denial("F01", (Plane.CONDITION,)),
        denial("F02", (Plane.CONDITION, Plane.ABSENCE)),
        denial("F05", (Plane.ABSENCE, Plane.CONTROLLER_LOG, Plane.AUDIT)),
        denial("F06", (Plane.CONDITION, Plane.ABSENCE, Plane.AUDIT), Outcome.FAILED),
        make_result("H06"),
    ]


def test_denials_are_counted_by_their_planes(make_run, denials):
    report = build_report(make_run(denials))
    assert report.summary.denials.model_dump() == {"total": 3, "on_two": 2, "on_three": 1}
    rows = {row["id"]: row for row in yaml.safe_load(to_yaml(report))["results"]}
    assert rows["F05"]["planes"] == ["absence", "controller-log", "audit"]
    assert (rows["F05"]["denial"], rows["H06"]["denial"]) == (True, False)


def test_planes_are_said_in_every_form(make_run, denials):
    report = build_report(make_run(denials))
    said = "of 3 denials 2 on two planes or more (66.6 %), 1 on three (33.3 %)"
    assert f"  planes    {said}\n" in terminal.summary(report)
    assert f"- {said}\n" in github.step_summary(report)
    page = render_html(report)
    assert "absence, controller-log, audit" in page
    assert "of 3 denials seen on two planes or more, 33.3 % on three" in page


def test_without_denials_nothing_is_said_of_planes(make_run, make_result):
    report = build_report(make_run([make_result("H06")]))
    assert "planes" not in terminal.summary(report)
    assert "planes" not in github.step_summary(report)
    assert wording.planes(report) == ""


def test_a_denial_without_a_plane_is_visible(make_run, make_result):
    report = build_report(make_run([make_result(denial=True)]))
    assert "no plane" in render_html(report)
    assert "0 on two planes or more (0 %)" in terminal.summary(report)


def test_a_plane_that_nobody_knows_is_refused(make_run, make_result):
    with pytest.raises(ValueError, match="crystal ball"):
        build_report(make_run([make_result(planes=("crystal ball",))]))


def test_a_closed_limit_is_said_loudly_everywhere(make_run, make_result):
    closed = make_result("G02", level=Level.PROVISIONAL, statement="a build takes no remote file")
    report = build_report(make_run([make_result(), closed]))
    line = "G02 in staging: documented limit closed: review the row (a build takes no remote file)"
    assert f"\n\nLIMITS CLOSED  1: Flux now does what its rows say that it does not\n  {line}\n\n" in terminal.summary(
        report
    )
    assert "\x1b[1m\x1b[33mLIMITS CLOSED  1" in terminal.summary(report, color=True)
    assert f"::warning title=documented limit closed::{line}" in github.annotations(report)
    assert f"### Documented limits closed: review their rows\n\n- {line}\n" in github.step_summary(report)
    banner = render_html(report).partition('role="status"')[2].partition('<div class="tiles">')[0]
    assert "Documented limits closed: review their rows." in banner
    assert line in banner


def test_an_open_limit_is_not_loud(make_run, make_result):
    still = make_result("G02", Outcome.FAILED, level=Level.PROVISIONAL)
    report = build_report(make_run([make_result(), still]))
    assert "LIMITS CLOSED" not in terminal.summary(report)
    assert "::warning" not in "".join(github.annotations(report))
    assert "limits closed" not in render_html(report)


def test_the_ten_slowest_checks_are_named(make_run, make_result):
    results = [make_result(f"F{n:02d}", duration_s=float(n)) for n in range(1, 15)] + [
        make_result("A01", duration_s=0.0)
    ]
    report = build_report(make_run(results))
    assert [row.key for row in report.summary.slowest] == [f"F{n:02d}" for n in range(14, 4, -1)]
    assert "\nslowest checks\n  staging  F14        14.0 s\n" in f"\n{terminal.summary(report)}"
    assert "The slowest checks" in render_html(report)
    assert json.loads(json.dumps(yaml.safe_load(to_yaml(report))))["summary"]["slowest"][0] == {
        "key": "F14",
        "environment": "staging",
        "seconds": 14.0,
    }


def test_without_results_nothing_is_slow(make_run):
    assert "slowest" not in terminal.summary(build_report(make_run()))


def test_an_explanation_stands_behind_the_first_result_of_its_check(full_run):
    report = build_report(full_run)
    page = render_html(report)
    assert page.count("a private repository would be an open book") == 1
    assert page.count('id="about-F01"') == 1
    assert page.count('href="#about-F01"') == 1  # the other environment's row
    assert "patches:\n  - target: &lt;Deployment&gt;" in page
    assert "said above" not in page
    assert from_yaml(to_yaml(report)).explanations["F01"][1].text == "a private repository would be an open book"


def test_a_secret_in_an_explanation_is_taken_out(full_run):
    report = build_report(full_run, secrets=["an open book"])
    assert "an open book" not in to_yaml(report)


def test_a_share_is_never_rounded_up():
    assert [wording.share(n, 10_000) for n in (0, 2900, 9996, 10_000)] == ["0 %", "29 %", "99.9 %", "100 %"]
    assert wording.share(0, 0) == "–"


def test_kills_survive_the_way_through_yaml(make_run, make_mutant):
    mutant = make_mutant(bystanders={"A01": Kill.SURVIVED})
    report = from_yaml(to_yaml(build_report(make_run(mutants=[mutant]))))
    assert report.mutants[0].bystanders == {"A01": Kill.SURVIVED}


def test_rounds_are_said_in_every_form(full_run):
    report = build_report(full_run)
    steady = "20 rounds: 1 of 2 checks steady; one that always passed fails in at most 14 % of rounds (95 % confidence)"
    unsteady = "F01 in staging: of 20 rounds 18 passed, 2 failed, 0 not judged; up to 28.3 % may not pass"
    assert f"  rounds    {steady}\n  rounds    {unsteady}\n" in terminal.summary(report)
    assert f"- {steady}\n- {unsteady}\n" in github.step_summary(report)
    assert all(line in render_html(report) for line in (steady, unsteady))
    assert from_yaml(to_yaml(report)).tallies[1].flips


def test_without_rounds_nothing_is_said_of_them(make_run, make_result):
    report = build_report(make_run([make_result()]))
    assert "rounds" not in terminal.summary(report)
    assert 'id="rounds"' not in render_html(report)
