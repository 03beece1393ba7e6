"""Several certifications, one report: its verdict, its forms, and what it says of the columns."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Environment, Level, Outcome, Verdict
from conformance.report import combined_page, github, write
from conformance.report.build import build_report
from conformance.report.combine import Part, combine, part_of
from conformance.report.combined_schema import COMBINED_SCHEMA_FILE, Answer, CombinedReport
from conformance.report.document import from_yaml, to_yaml
from conformance.report.write import REPORT_FILE, digest_of, load_any, load_report, write_report

PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
LOST = Part(bootstrap="cli", provider="kind", folder="cli-kind", lost="it was killed by signal 9", seconds=3.0)


@pytest.fixture
def column(make_run, make_result):
    """Return a function: results, as ids with outcomes, of one bootstrap on one provider, to a part."""

    def make(bootstrap, provider, *seen, **fields):
        results = [make_result(*one) if isinstance(one, tuple) else one for one in seen]
        report = build_report(make_run(results, bootstrap=bootstrap, provider=provider, **fields))
        return part_of(report, folder=f"{bootstrap}-{provider}", sha256="ab" * 32, seconds=61.2)

    return make


@pytest.fixture
def routes(column):
    """Return a function: results of cli and of operator on embedded, to a combined report."""

    def make(cli, operator, **fields):
        return combine([column("cli", "embedded", *cli, **fields), column("operator", "embedded", *operator, **fields)])

    return make


def test_columns_that_all_conform_and_agree_are_conformant(routes):
    found = routes([("F01",)], [("F01",)])
    assert (found.verdict, found.judgement.exit_code, found.judgement.reasons) == (Verdict.CONFORMANT, 0, ())
    assert [column.name for column in found.columns] == ["cli", "operator"]


def test_a_finding_in_one_column_decides_and_the_difference_is_one_too(routes):
    found = routes([("F01",), ("F02", ERROR)], [("F01", FAILED), ("F02",)])
    assert (found.verdict, found.judgement.exit_code) == (Verdict.NON_CONFORMANT, 1)
    first, second, *_ = found.judgement.reasons
    assert first.startswith("operator: F01 in staging failed")
    assert second.startswith("parity: F01 in staging is not the same in all columns: cli: passed; operator: failed")
    assert any(text.startswith("cli: F02 in staging was not judged") for text in found.judgement.reasons)


def test_the_same_finding_in_all_columns_is_said_once(routes):
    found = routes([("F01", FAILED)], [("F01", FAILED)])
    assert (found.judgement.exit_code, found.parity.answer) == (1, Answer.EQUAL)
    assert [text.partition(" in")[0] for text in found.judgement.reasons] == ["cli, operator: F01"]


def test_a_difference_that_no_verdict_of_a_column_hangs_on_blocks_conformant(routes, make_result):
    limits = [make_result("G02", outcome, level=Level.PROVISIONAL) for outcome in (FAILED, PASSED)]
    found = routes([("F01",), limits[0]], [("F01",), limits[1]])
    assert {column.verdict for column in found.columns} == {Verdict.CONFORMANT}
    assert (found.verdict, found.judgement.exit_code) == (Verdict.NON_CONFORMANT, 1)
    assert len(found.judgement.reasons) == 1


def test_what_was_not_compared_blocks_conformant(routes, make_result):
    broken = make_result("G02", ERROR, level=Level.PROVISIONAL)
    found = routes([("F01",), broken], [("F01",), make_result("G02", FAILED, level=Level.PROVISIONAL)])
    assert {column.verdict for column in found.columns} == {Verdict.CONFORMANT}
    assert (found.verdict, found.judgement.exit_code) == (Verdict.INCONCLUSIVE, 10)
    assert found.judgement.reasons[0].startswith("parity: G02 in staging was not compared")


def test_columns_without_a_common_row_are_no_parity(routes):
    found = routes([("F01",)], [("A22",)], beyond={"F01": "x", "A22": "y"})
    assert found.judgement.exit_code == 10
    assert found.judgement.reasons == ("parity: no row was judged in more than one column",)


@pytest.mark.parametrize(("seen", "code"), [(PASSED, 10), (FAILED, 1), (ERROR, 10)])
def test_a_column_without_a_report_is_inconclusive_and_costs_no_other_its_findings(column, seen, code):
    found = combine([column("cli", "embedded", ("F01", seen)), LOST])
    assert found.judgement.exit_code == code
    assert any(text == "kind has no report: it was killed by signal 9" for text in found.judgement.reasons)
    assert (found.parity.answer, found.flux_version) == (Answer.INCONCLUSIVE, "2.9.2")
    summary = combined_page.summary(found)
    assert re.search(r"kind +no report +it was killed by signal 9 +3.00 s", summary)
    assert "1 no result" not in summary


def test_columns_that_are_all_lost_are_a_report_too(column):
    found = combine([LOST, Part(bootstrap="operator", provider="kind", folder="x", lost="it was not started")])
    assert (found.verdict, found.judgement.exit_code, found.parity.routes) == (
        Verdict.INCONCLUSIVE, 10, Answer.INCONCLUSIVE
    )  # fmt: skip
    assert "Flux unknown" in combined_page.markdown(found)


def test_nothing_selected_in_any_column_is_no_verdict():
    parts = [
        Part(bootstrap="cli", provider=p, folder=p, lost="nothing was selected", nothing_selected=True)
        for p in ("embedded", "kind")
    ]
    assert combine(parts).judgement.exit_code == 5


def test_reservations_name_their_columns(column):
    catalog = frozenset({"staging/F01", "staging/F02"})
    found = combine([column("cli", p, ("F01",), catalog=catalog) for p in ("embedded", "kind")])
    assert found.judgement.provisional
    assert found.judgement.provisional_reasons[0].startswith("embedded, kind: a selection: 1 of 2 checks")


def test_what_lies_beyond_a_platform_is_said_beside_the_verdict(column):
    found = combine([column("cli", "embedded", ("F01",), beyond={"E00": "nodes"}), column("cli", "kind", ("F01",))])
    assert "embedded: beyond: E00 needs nodes" in combined_page.summary(found)
    assert "embedded: beyond: E00 needs nodes" in combined_page.markdown(found)


def test_live_controls_stand_side_by_side(column):
    parts = [
        column(b, "embedded", ("F01",), lockdown={"staging": {"flags": b, **extra}})
        for b, extra in (("cli", {}), ("operator", {"more": "yes"}))
    ]
    found = combine(parts)
    assert [(row.control, row.live) for row in found.lockdown] == [
        ("flags", {"cli": "cli", "operator": "operator"}),
        ("more", {"operator": "yes"}),
    ]


def test_lockdown_arguments_are_compared_live_with_live(column):
    """Each report has its own route's live arguments, and beside them what the other route is known to set."""
    flag, known = "--no-cross-namespace-refs", {"helm-controller": {"--no-cross-namespace-refs": "true"}}
    parts = [
        column(own, "embedded", ("F01",), lockdown_arguments={"staging": {own: live, other: known}})
        for own, other, live in (("cli", "operator", known), ("operator", "cli", {"helm-controller": {flag: "false"}}))
    ]
    found = combine(parts)
    (row,) = found.arguments
    assert (row.controller, row.flag, row.live) == ("helm-controller", flag, {"cli": "true", "operator": "false"})
    said = "A21       1 lockdown arguments of the controllers, live beside live: "
    assert f"{said}not alike: helm-controller {flag} in staging" in combined_page.summary(found)
    alike = combine([parts[0], column("cli", "kind", ("F01",), lockdown_arguments={"staging": {"cli": known}})])
    assert f"{said}all alike" in combined_page.summary(alike)


def test_a_platform_that_never_stood_has_no_arguments_to_compare(column):
    known = {"helm-controller": {"--no-remote-bases": "true"}}
    stood = column("cli", "embedded", ("F01",), lockdown_arguments={"staging": {"cli": known}})
    found = combine([stood, column("operator", "embedded", breakdowns=("provider: etcd ended",))])
    assert [row.live for row in found.arguments] == [{"cli": "true"}]
    assert "A21" not in combined_page.summary(found)


@pytest.fixture
def everything(column, full_run, make_result):
    """A combined report that has something of everything."""
    one = build_report(replace(full_run, catalog=frozenset()))
    evil = make_result("F01", FAILED, message="a | b <script>alert(1)</script>")
    other = column("operator", "embedded", evil, ("G02",), environments=tuple(Environment))
    return combine([part_of(one, folder="cli-embedded", sha256="cd" * 32, seconds=1.0), other, LOST])


def test_the_schema_file_is_what_the_models_say(everything):
    text = COMBINED_SCHEMA_FILE.read_text(encoding="utf-8")
    assert text == CombinedReport.schema_text(), "run: python -m conformance.report.combined_schema"
    jsonschema.Draft202012Validator.check_schema(CombinedReport.json_schema())
    jsonschema.validate(yaml.safe_load(to_yaml(everything)), json.loads(text))


def test_every_form_is_written_and_read_again(tmp_path, everything):
    assert write_report(tmp_path, everything) == everything
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.html", "report.md", "report.yaml"]
    assert load_any(tmp_path) == everything
    page = (tmp_path / "report.html").read_text()
    for text in ((tmp_path / "report.md").read_text(), page):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
    assert 'href="./operator-embedded/report.html"' in page
    assert "cdcdcdcdcdcd" in page


def test_a_form_that_breaks_costs_no_facts(tmp_path, everything, monkeypatch):
    monkeypatch.setattr(write, "render_combined", lambda _: 1 / 0)
    written = write_report(tmp_path, everything)
    assert written.notes == ("report.html could not be made: ZeroDivisionError: division by zero",)
    assert "verdict  " in (tmp_path / "report.html").read_text()
    assert load_any(tmp_path).notes == written.notes


def test_junit_counts_findings_breakdowns_and_differences(tmp_path, routes):
    write_report(tmp_path, routes([("F01",), ("F02", ERROR), ("F03",)], [("F01", FAILED), ("F02",), ("F03",)]))
    root = ET.parse(tmp_path / "junit.xml").getroot()
    numbers = {s.get("name"): (s.get("tests"), s.get("failures"), s.get("errors")) for s in root}
    assert numbers == {
        "cli, staging": ("3", "0", "1"),
        "operator, staging": ("3", "1", "0"),
        "columns": ("2", "1", "1"),
        "parity": ("3", "1", "1"),
    }


def test_a_report_of_several_is_not_taken_for_one_of_one(tmp_path, routes, column):
    write_report(tmp_path, routes([("F01",)], [("F01",)]))
    with pytest.raises(
        InputError, match="is a CombinedReport, of several certifications; a ConformanceReport is wanted"
    ):
        load_report(tmp_path)
    with pytest.raises(InputError, match="found kind 'Pod'"):
        from_yaml("kind: Pod")
    text = (tmp_path / REPORT_FILE).read_text().replace("answer: equal", "answer: perhaps")
    (tmp_path / REPORT_FILE).write_text(text)
    with pytest.raises(InputError, match=r"does not follow its schema: .*parity.answer") as seen:
        load_any(tmp_path)
    assert "combined.schema.json" in seen.value.hint


def test_a_column_that_was_changed_afterwards_is_named(tmp_path, column):
    parts = []
    for provider in ("embedded", "kind"):
        part = column("cli", provider, ("F01",))
        write_report(tmp_path / part.folder, part.report)
        parts.append(part_of(part.report, folder=part.folder, sha256=digest_of(tmp_path / part.folder)))
    write_report(tmp_path, combine(parts))
    assert load_any(tmp_path).verdict is Verdict.CONFORMANT
    file = tmp_path / "cli-kind" / REPORT_FILE
    file.write_text(file.read_text() + "\n")
    with pytest.raises(InputError, match=r"cli-kind/report\.yaml' is not the report that was compared"):
        load_any(tmp_path)


def test_github_shows_differences_findings_and_what_is_missing(everything):
    lines = github.annotations(everything)
    assert any(
        line.startswith("::error title=cli on embedded%3A non-conformant::F01 in staging failed") for line in lines
    )
    assert any(line.startswith("::notice title=flux-tenancy-conformance::and ") for line in lines)
    summary = github.step_summary(everything, artifact="https://example.com/a")
    assert summary.startswith("## Tenant isolation of Flux 2.9.2: non-conformant")
    assert "[Reports and evidence](https://example.com/a)" in summary
    assert "### Rows" in summary
    short = github.step_summary(everything, limit=900)
    assert len(short.encode()) <= 900
    assert short.endswith("_Cut here: the rest is in report.html._\n")


def test_every_table_of_the_page_has_as_many_cells_as_heads(everything):
    for block in combined_page.markdown(everything).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1, block


def test_the_closing_text_has_a_column_for_each_platform_and_environment(column):
    both = tuple(Environment)
    found = combine([column("cli", p, ("F01",), ("F02",), environments=both) for p in ("embedded", "kind")])
    summary = combined_page.summary(found, folder="here/")
    heads = summary.splitlines()[0]
    assert re.split(r"\s{3,}", heads) == [
        "checks", "embedded, staging", "kind, staging", "embedded, production", "kind, production"
    ]  # fmt: skip
    assert re.search(r"  F  Cross-tenant references +2 passed +2 passed +- +-", summary)
    assert re.search(r"  embedded +inconclusive +2 passed, 0 failed, 0 not judged; 2 checks +1 min 01 s", summary)
    assert summary.endswith("  report    here/report.html\n")
