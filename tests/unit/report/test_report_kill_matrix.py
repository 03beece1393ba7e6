"""The kill matrix as pictures and as a document: complete, and legible with hundreds of checks."""

import math
import re

import pytest

from conformance.errors import InputError
from conformance.model import Environment, Kill
from conformance.report import github, kill_matrix, terminal, wording
from conformance.report.build import build_report
from conformance.report.render import render_html

COLUMN = 1076
"""Width that the page's column has, in pixels."""


@pytest.fixture
def report(make_run, make_mutant):
    mutants = [
        make_mutant(
            "refs-allowed",
            {"F01": Kill.KILLED, "C03[a]": Kill.KILLED, "C03[b]": Kill.SURVIVED},
            bystanders={"F02": Kill.SURVIVED},
        ),
        make_mutant("precise", {"B01": Kill.KILLED}, bystanders={"F01": Kill.SURVIVED, "H06": Kill.SURVIVED}),
        make_mutant("blunt", {"B01": Kill.ERROR}, bystanders={"A01": Kill.KILLED, "H06": Kill.ERROR}),
    ]
    return build_report(make_run(mutants=mutants))


def test_score_and_precision_are_counted(report):
    counts = report.summary.mutants
    assert (counts.total, counts.killed, counts.score) == (3, 1, 0.3333)
    assert (counts.bystanders, counts.stayed_green, counts.precision) == (5, 3, 0.6)


def test_without_bystanders_there_is_no_precision(make_run, make_mutant):
    report = build_report(make_run(mutants=[make_mutant()]))
    assert report.summary.mutants.precision is None
    assert "bystanders" not in terminal.summary(report)
    assert build_report(make_run()).summary.mutants.score is None


def test_score_precision_and_false_kills_are_said_everywhere(report):
    said = "1 of 3 mutants killed (33.3 %); 3 of 5 bystanders stayed green (60 %)"
    text = terminal.summary(report)
    assert text.startswith(f"mutants  {said}\n")
    assert "\n  blunt in staging: not judged by B01; false kills: A01, H06 (not judged)\n" in text
    assert "precise in staging" not in text
    assert said in github.step_summary(report)
    assert "not green: A01, H06 (not judged)" in render_html(report)
    assert "3 of 5 bystanders stayed green" in render_html(report)


def test_there_is_a_picture_for_each_area_with_what_says_something(report):
    pictures = {picture.title: picture for picture in kill_matrix.pictures(report)}
    assert list(pictures) == [
        "A · Platform lockdown",
        "B · Admission policies",
        "C · Tenant RBAC and impersonation",
        "F · Cross-tenant references",
        "H · Bootstrap order and behaviour",
    ]
    policies, references = pictures["B · Admission policies"], pictures["F · Cross-tenant references"]
    assert [label.text for label in policies.matrix.labels] == ["B01"]
    assert [head.text for head in policies.matrix.heads] == ["blunt", "precise"]
    assert [head.text for head in references.matrix.heads] == ["refs-allowed"]
    assert (policies.beside, references.beside) == (0, 1)
    assert "stood by and stayed green: 1." in render_html(report)


def test_each_cell_has_a_state_and_says_it(report):
    cells = [cell for picture in kill_matrix.pictures(report) for cell in picture.matrix.cells]
    assert {cell.title: cell.state for cell in cells} == {
        "refs-allowed: F01 says killed": "killed",
        "refs-allowed: F02 stays green, as it should": "stayed",
        "refs-allowed: C03 says survived": "survived",
        "precise: B01 says killed": "killed",
        "blunt: B01 says error": "error",
        "blunt: A01 is not green, although it does not claim it": "false-kill",
        "blunt: H06 says error": "error",
    }
    assert all(cell.symbol != "?" for cell in cells)


def test_an_environment_is_named_where_there_are_two(make_run, make_mutant):
    mutants = [make_mutant(environment=environment) for environment in Environment]
    report = build_report(make_run(mutants=mutants, environments=tuple(Environment)))
    (picture,) = kill_matrix.pictures(report)
    assert [head.text for head in picture.matrix.heads] == ["refs-allowed (production)", "refs-allowed (staging)"]


@pytest.fixture
def large(make_run, make_mutant):
    """A hundred and twenty mutants, two hundred and fifty checks, six bystanders each."""
    checks = [f"{letter}{n:02d}" for letter in "ABCDEFGHIJ" for n in range(25)]
    mutants = [
        make_mutant(
            f"M{n:02d}-{'a-rather-long-name'[: n % 19]}",
            dict.fromkeys(checks[n * 2 : n * 2 + 4], Kill.KILLED),
            bystanders={checks[(n * 6 + k * 7) % 250]: Kill.SURVIVED for k in range(6)},
        )
        for n in range(120)
    ]
    return build_report(make_run(mutants=mutants))


def test_hundreds_of_mutants_and_checks_stay_legible(large):
    pictures = kill_matrix.pictures(large)
    assert len(pictures) == 10
    for matrix in (picture.matrix for picture in pictures):
        assert matrix.width <= COLUMN, "it would have to be scrolled"
        assert len(matrix.labels) <= 25
        assert min(matrix.cell_width, matrix.cell_height) >= 12
        places = [(cell.x, cell.y) for cell in matrix.cells]
        assert len(set(places)) == len(places)
        for head in matrix.heads:  # leaning at 60 degrees, none leaves the picture
            assert head.x + len(head.text) * 6 * math.cos(math.radians(60)) <= matrix.width
            assert head.y - len(head.text) * 6 * math.sin(math.radians(60)) >= 0


def test_a_large_page_stays_small(large):
    assert len(render_html(large)) < 1_000_000


def test_the_document_has_a_line_for_each_mutant(report):
    text = kill_matrix.markdown(report)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines == [
        "| mutant | description | killed by | survivors | false kills | seconds |",
        "| blunt | --no-cross-namespace-refs is removed |  | not judged: B01 | A01, H06 (not judged) | 4.0 |",
        "| precise | --no-cross-namespace-refs is removed | B01 |  |  | 4.0 |",
        "| refs-allowed | --no-cross-namespace-refs is removed | C03[a], F01 | C03[b] |  | 4.0 |",
    ]
    assert "- score: 1 of 3 mutants killed (33.3 %)\n- precision: 3 of 5 bystanders stayed green (60 %)\n" in text
    assert "- subject: Flux 2.9.2 on Kubernetes v1.36.3, provider embedded, bootstrap cli\n" in text


def test_a_pipe_does_not_break_the_table(make_run, make_mutant):
    text = kill_matrix.markdown(build_report(make_run(mutants=[make_mutant(description="a | b")])))
    (line,) = [line for line in text.splitlines() if line.startswith("| refs")]
    assert len(re.findall(r"(?<!\\)\|", line)) == 7


def test_a_run_without_mutants_has_no_picture_and_no_page(make_run):
    report = build_report(make_run())
    assert kill_matrix.pictures(report) == []
    with pytest.raises(InputError, match="of a run without mutants"):
        kill_matrix.markdown(report)
    assert wording.mutation(report) == [("score", "0 of 0 mutants killed (–)")]
