"""The network in a report: what was computed looks other than what was seen, everywhere."""

from typing import Any

import pytest

from conformance.model import Cell, Fidelity, Level, Outcome, Reach, Result, Seen, Verdict
from conformance.report.build import build_report
from conformance.report.document import from_yaml, to_yaml
from conformance.report.github import step_summary
from conformance.report.junit import junit_xml
from conformance.report.network_matrix import pictures
from conformance.report.render import render_html
from conformance.report.schema import ConformanceReport
from conformance.report.terminal import summary
from conformance.report.wording import SIMULATED


def cell(**fields: Any) -> Cell:
    known: dict[str, Any] = {
        "source": "shared-near/e01-client",
        "target": "shared-far/e01-server",
        "port": 8080,
        "protocol": "TCP",
        "expected": Reach.DENIED,
        "observed": Seen.NOTHING,
        "computed": Reach.DENIED,
        "decided_by": "egress: shared-near/default-deny; ingress: shared-far/default-deny",
        "twin": False,
        "answered": True,
    }
    return Cell(**{**known, **fields})


def report_of(make_run: Any, *results: Result, **fields: Any) -> ConformanceReport:
    return build_report(make_run(results, **fields))


@pytest.fixture
def simulated(make_run: Any, make_result: Any) -> ConformanceReport:
    one = make_result("E01", fidelity=Fidelity.SIMULATED, cells=(cell(),), level=Level.HARDENED)
    return report_of(make_run, one, make_result("F01"), beyond={"E00": "nodes"})


@pytest.fixture
def real(make_run: Any, make_result: Any) -> ConformanceReport:
    cells = (cell(observed=Seen.REFUSED), cell(expected=Reach.ALLOWED, observed=Seen.CONNECTED, computed=Reach.ALLOWED))
    return report_of(make_run, make_result("E01", cells=cells, level=Level.HARDENED))


def test_a_simulated_pass_passes_and_says_what_it_is(simulated: ConformanceReport) -> None:
    assert (simulated.verdict, simulated.judgement.provisional) == (Verdict.CONFORMANT, False)
    row = next(row for row in simulated.results if row.id == "E01")
    assert row.reading == f"the property holds; {SIMULATED}"


def test_the_terminal_counts_it_apart(simulated: ConformanceReport) -> None:
    said = summary(simulated)
    assert "E  Network                   1 simulated" in said
    assert f"simulated 1 results (E01) {SIMULATED}" in said
    assert "beyond    E00 needs nodes, which provider embedded with bootstrap cli has not" in said


def test_the_page_draws_it_apart(simulated: ConformanceReport) -> None:
    page = render_html(simulated)
    assert '<g class="cell simulated">' in page
    assert 'data-result="simulated"' in page
    assert "not sent" in page


def test_junit_and_summary_name_it(simulated: ConformanceReport) -> None:
    assert b'name="E01 (simulated)"' in junit_xml(simulated)
    assert b'<property name="fidelity" value="simulated" />' in junit_xml(simulated)
    assert "≈ simulated" in step_summary(simulated)
    assert "E00 needs nodes" in step_summary(simulated)


def test_a_simulated_finding_is_a_finding(make_run: Any, make_result: Any) -> None:
    one = make_result("E01", Outcome.FAILED, fidelity=Fidelity.SIMULATED, cells=(cell(computed=Reach.ALLOWED),))
    made = report_of(make_run, one)
    assert made.verdict is Verdict.NON_CONFORMANT
    assert "1 failed" in summary(made)


def test_what_was_seen_is_printed_and_drawn(real: ConformanceReport) -> None:
    said = [line.split() for line in summary(real).splitlines() if "e01-client" in line]
    assert said[0][-3:] == ["denied", "refused", "denied"]
    assert said[1][-3:] == ["allowed", "connected", "allowed"]
    assert "simulated" not in summary(real)
    (picture,) = pictures(real)
    assert [(one.text, one.state) for one in picture.cells] == [
        ("denied", "expected"),
        ("refused", "passed"),
        ("denied", "passed"),
        ("allowed", "expected"),
        ("connected", "passed"),
        ("allowed", "passed"),
    ]


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.FAILED, "failed"), (Outcome.ERROR, "error")])
def test_what_differs_has_the_colour_of_the_result(
    make_run: Any, make_result: Any, outcome: Outcome, state: str
) -> None:
    made = report_of(make_run, make_result("E01", outcome, cells=(cell(observed=Seen.CONNECTED),)))
    (picture,) = pictures(made)
    assert [one.state for one in picture.cells] == ["expected", state, "passed"]
    assert "shared-far/default-deny" in picture.cells[1].title


def test_without_connections_there_is_no_picture(make_run: Any, make_result: Any) -> None:
    made = report_of(make_run, make_result("F01"))
    assert pictures(made) == []
    assert 'id="network"' not in render_html(made)


def test_cells_survive_the_file(real: ConformanceReport) -> None:
    assert from_yaml(to_yaml(real), "report.yaml") == real
