import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from conformance.model import Level, Outcome, Profile
from conformance.report import github, terminal
from conformance.report.build import build_report
from conformance.report.junit import junit_xml
from conformance.report.render import render_html

F01_BLOCK = """\
F01 FAILED  shared-a/Kustomization/f01-foreign was not denied within 60 s
  wanted    Ready=False  reason=AccessDenied
  observed  Ready=True   reason=ReconciliationSucceeded  "Applied revision: main@sha1:1f2e…"  generation 1/1
  control   --no-cross-namespace-refs=true: absent from kustomize-controller's live arguments
  evidence  evidence/staging/F01/
  rerun     flux-tenancy run --environment staging -k F01 --flux-keep"""


def test_a_failure_is_worded_as_designed(make_run, f01):
    assert terminal.failures(build_report(make_run([f01]))) == F01_BLOCK


def test_a_breakdown_never_looks_like_a_finding(make_run, c03):
    text = terminal.failures(build_report(make_run([c03], breakdowns=["bootstrap: flux ended"])))
    first, second = text.split("\n\n")
    assert first.startswith("ERROR (not a finding): C03[ClusterRole], layer wait: shared-a/Kustomization/c03")
    assert second == "ERROR (not a finding): bootstrap: flux ended"
    assert "FAILED" not in text


def test_the_summary_has_everything_in_order(full_run):
    text = terminal.summary(build_report(full_run), folder="out")
    places = [
        text.index(word) for word in ("phases\n", "checks ", "F01 FAILED", "mutants  2 of 4", "verdict  non-conf")
    ]
    assert places == sorted(places)
    assert "documented limit still open" in text
    assert "documented limit closed: review the row" in text
    assert text.endswith("  report    out/report.html\n")
    assert "\x1b" not in text


def test_colour_only_adds_to_the_words(full_run):
    report = build_report(full_run)
    painted = terminal.summary(report, color=True)
    assert re.sub(r"\x1b\[\d+m", "", painted) == terminal.summary(report)


def test_a_conformant_run_says_so_in_one_word(make_run, make_result):
    report = build_report(make_run([make_result()]))
    assert "\nverdict  conformant\n" in terminal.summary(report)


def test_a_failure_outside_the_profile_is_said_everywhere(make_run, make_result):
    outside = make_result("B24", Outcome.FAILED, level=Level.HARDENED, message="the policy let it through")
    report = build_report(make_run([make_result(), outside], profile=Profile.CORE))
    line = "B24 in staging failed: the policy let it through (level hardened, profile core)"
    assert report.verdict == "conformant"
    assert f"  outside   {line}\n" in terminal.summary(report)
    assert line in render_html(report)
    assert line in github.step_summary(report)


def test_junit_keeps_findings_and_breakdowns_apart(full_run):
    root = ET.fromstring(junit_xml(build_report(full_run)))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["staging", "production", "mutants", "run"]
    for suite in suites.values():
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == sum(case.find(tag) is not None for case in cases)
        assert all(case.get("name") and case.get("classname") and float(case.get("time")) >= 0 for case in cases)
    staging = {case.get("name"): case for case in suites["staging"]}
    assert staging["F01"].find("failure").get("type") == "finding"
    assert staging["C03[ClusterRole]"].find("error").get("type") == "wait"
    assert staging["H01"].find("error") is not None
    assert "documented limit still open" in staging["G02"].find("skipped").get("message")
    assert staging["A01"].find("skipped") is None
    assert suites["mutants"].get("failures") == "1"


def test_junit_survives_characters_that_xml_cannot_write(make_run, make_result):
    report = build_report(make_run([make_result(outcome=Outcome.FAILED, message="\x00\x1b\ufffe <&>")]))
    assert ET.fromstring(junit_xml(report)).find(".//failure").get("message").endswith(" <&>")


class Page(HTMLParser):
    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in known:
            self.ids.append(known["id"])
        self.links += [known[name] for name in ("src", "href", "xlink:href", "action", "data") if name in known]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(full_run):
    parser = Page()
    parser.feed(render_html(build_report(full_run)))
    parser.close()
    return parser


def test_the_page_is_well_formed_and_needs_no_network(page, full_run):
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    specs = {result.spec for result in full_run.results}
    outside = [link for link in page.links if not link.startswith(("#", "./"))]
    assert set(outside) <= specs
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not [tag for tag, _ in page.tags if tag in {"link", "img", "iframe", "object", "embed"}]
    assert all("src" not in attributes for tag, attributes in page.tags if tag == "script")


def test_the_page_shows_everything(full_run):
    text = render_html(build_report(full_run))
    for wanted in (
        "non-conformant",
        "was not denied within 60 s",
        "evidence/staging/F01/01-conditions.yaml",
        "ab" * 32,
        "-k F01 --flux-keep",
        "documented limit closed: review the row",
        "http://127.0.0.1:4711/fleet",
        "set spec.prune: true",
        "policy-audited",
        "substituted",
        "kept for a look",
        'aria-label="Kill matrix',
        'aria-label="Results',
    ):
        assert wanted in text, wanted


def test_texts_of_the_cluster_are_escaped(make_run, make_result):
    nasty = '</pre><script>alert(1)</script>"onload="x'
    evil = make_result(
        outcome=Outcome.FAILED,
        message=nasty,
        statement=nasty,
        observed=nasty,
        parameter=nasty,
        spec="javascript:alert(1)",
    )
    text = render_html(build_report(make_run([evil], notes=[nasty], breakdowns=[nasty])))
    assert "<script>alert" not in text
    assert '"onload="' not in text
    assert 'href="javascript' not in text


def test_an_empty_run_still_renders(make_run):
    report = build_report(make_run())
    assert "nothing was collected" in render_html(report)
    assert "nothing was collected" in terminal.summary(report)
    assert "nothing was collected" in github.step_summary(report)
    ET.fromstring(junit_xml(report))


def test_annotations_are_escaped_and_findings_come_first(full_run):
    lines = github.annotations(build_report(full_run))
    assert lines[0].startswith("::error title=F01 in staging::F01 FAILED  shared-a/")
    assert "%0A  wanted    Ready=False" in lines[0]
    assert all("\n" not in line for line in lines)
    assert "not a finding" in lines[1]
    assert any(line.startswith("::error title=mutant policy-audited::") for line in lines)


def test_a_title_cannot_end_its_command(make_run, make_result):
    evil = make_result(outcome=Outcome.FAILED, parameter="a::b,c%\r\n", message="x")
    (line,) = github.annotations(build_report(make_run([evil])))
    assert line.startswith("::error title=F01[a%3A%3Ab%2Cc%25%0D%0A] in staging::")


def test_the_eleventh_annotation_only_counts(make_run, make_result):
    results = [make_result(f"F{n:02d}", Outcome.FAILED) for n in range(14)]
    lines = github.annotations(build_report(make_run(results)))
    assert [line.startswith("::error ") for line in lines] == [True] * 10 + [False]
    assert lines[-1].endswith("and 4 more: see the step summary and report.html")


def test_the_step_summary_shows_the_matrix_and_escapes(make_run, make_result):
    evil = make_result(outcome=Outcome.FAILED, statement="a | b <img src=x>", message="```\n# no heading")
    text = github.step_summary(build_report(make_run([evil])), artifact="https://example.com/artifact")
    assert text.startswith("## Tenant isolation of Flux 2.9.2: non-conformant\n")
    assert "| F01 | a \\| b &lt;img src=x&gt; | core | **failed** |" in text
    assert "````text\nF01 FAILED  ```" in text
    assert "(https://example.com/artifact)" in text


def test_the_step_summary_stays_below_the_limit(make_run, make_result):
    results = [make_result(f"F{n:02d}", Outcome.FAILED, message="ä" * 20_000) for n in range(40)]
    report = build_report(make_run(results))
    text = github.step_summary(report)
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("the rest is in report.html._\n")
    assert len(github.step_summary(report, limit=500).encode()) <= 500


def test_the_page_compares_the_lockdown_arguments_of_both_routes(make_run):
    live = {"helm-controller": {"--default-service-account": "flux"}}
    columns = {"operator": live, "cli": {"helm-controller": {"--default-service-account": "default"}}}
    page = render_html(build_report(make_run(bootstrap="operator", lockdown_arguments={"staging": columns})))
    assert "lockdown arguments of both bootstrap routes" in page
    assert '<td class="mono">flux</td><td class="mono">default</td><td>DIFFERENT</td>' in page
