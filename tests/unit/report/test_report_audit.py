"""The report of an audit: its verdict never speaks for what was not looked at."""

from typing import Any

import pytest

from conformance.certificate.folder import given_by
from conformance.errors import AUDIT_ROLE, InputError, MissingRightError
from conformance.model import Mode, Outcome, Verdict
from conformance.report import github, terminal, wording
from conformance.report.build import build_report
from conformance.report.render import render_html
from conformance.report.verdict import judge
from conformance.report.write import write_run

BEYOND = {"A04": "flux-processes", "F01": "repositories, submissions", "F05": "repositories, submissions"}


@pytest.fixture
def audit(make_run: Any, make_result: Any) -> Any:
    def run(*results: Any, **fields: Any) -> Any:
        found = results or (make_result("A01"),)
        catalog = frozenset(f"staging/{name}" for name in ("A01", "A02", *BEYOND))
        known = {"mode": Mode.AUDIT, "provider": "existing", "catalog": catalog, "beyond": BEYOND}
        return make_run(found, **{**known, **fields})

    return run


def test_an_audit_is_never_plainly_conformant(audit: Any) -> None:
    judgement = judge(audit())
    assert (judgement.verdict, judgement.exit_code) == (Verdict.CONFORMANT, 0)
    assert judgement.reservations[0] == (
        "an audit: the cluster was read and not attacked; 3 of 5 checks of the catalog need more than that and were "
        "not judged"
    )
    assert judgement.reservations[1] == "a selection: 1 of 5 checks of the catalog were left out (staging/A02)"


def test_what_an_audit_finds_is_a_finding(audit: Any, make_result: Any) -> None:
    judgement = judge(audit(make_result("A01", Outcome.FAILED, message="the flag is absent")))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.NON_CONFORMANT, 1)


def test_every_form_says_that_it_is_an_audit(audit: Any) -> None:
    report = build_report(audit())
    assert wording.qualified(report) == "conformant (audit, provisional)"
    said = terminal.summary(report)
    assert "verdict  conformant (audit, provisional)" in said
    assert "conformant (audit, provisional)" in github.step_summary(report)
    page = render_html(report)
    assert '<span class="badge plain">audit</span>' in page
    for text in (said, page):
        assert "an audit: the cluster was read and not attacked" in text


def test_what_was_not_read_is_listed_by_what_it_needs(audit: Any) -> None:
    said = wording.scope(build_report(audit()))
    assert said == [
        ("read", "1 checks: A01"),
        ("not read", "1 needs the controllers' processes and logs: A04"),
        (
            "not read",
            "2 need repositories that the suite serves, objects of a tenant that are really there: F01, F05",
        ),
    ]


def test_what_a_missing_right_stopped_is_listed_by_it_and_is_not_conformant(audit: Any, make_result: Any) -> None:
    error = MissingRightError("list pods in flux-system", 'User "x" cannot list resource "pods"')
    lacking = {"message": error.what, "layer": error.layer, "wanted": error.wanted, "observed": error.observed}
    run = audit(make_result("A01"), make_result("A02", Outcome.ERROR, **lacking))
    judgement = judge(run)
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCONCLUSIVE, 10)
    assert judgement.reasons == (
        "A02 in staging was not judged (error, layer rights): these credentials may not list pods in flux-system",
    )
    said = wording.scope(build_report(run))
    why = f"1 needs the right to list pods in flux-system, which is missing: A02 (grant it: {AUDIT_ROLE})"
    assert said[:2] == [("read", "1 checks: A01"), ("not read", why)]
    assert judge(audit(make_result("A01", Outcome.FAILED), run.results[1])).verdict is Verdict.NON_CONFORMANT


def test_a_run_on_an_own_platform_says_nothing_of_it(make_run: Any, make_result: Any) -> None:
    report = build_report(make_run([make_result("A01")], beyond={"E00": "nodes"}))
    assert wording.qualified(report) == "conformant"
    assert wording.scope(report) == [("beyond", "E00 needs nodes, which provider embedded with bootstrap cli has not")]


@pytest.mark.parametrize(("mode", "said"), [(Mode.AUDIT, "an audit"), (Mode.PROBE, "a probe")])
def test_no_certificate_is_made_of_them(audit: Any, tmp_path: Any, mode: Mode, said: str) -> None:
    write_run(tmp_path, audit(mode=mode), [])
    with pytest.raises(InputError, match=f"is the report of {said}: it attacked nothing"):
        given_by(tmp_path, tmp_path, None)


def test_a_probe_says_what_it_judged_and_why_not_the_rest(audit: Any) -> None:
    report = build_report(audit(mode=Mode.PROBE))
    assert report.judgement.provisional_reasons[0] == (
        "a probe: tenants of the suite's own asked by dry-runs, and nothing of theirs was run; 3 of 5 checks of the "
        "catalog need more than that and were not judged"
    )
    assert "verdict  conformant (probe, provisional)" in terminal.summary(report)
    assert '<span class="badge plain">probe</span>' in render_html(report)
    assert [name for name, _ in wording.scope(report)] == ["judged", "not judged", "not judged"]


def test_new_surface_is_never_conformant(audit: Any) -> None:
    names = tuple(f"flag x-controller --{one}" for one in "abcd")
    judgement = judge(audit(new_surface=names))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCONCLUSIVE, 10)
    said = (
        "new surface, which no check looks at: 4 entries of the live Flux (flag x-controller --a, flag x-controller --b"
    )
    assert judgement.reasons == (f"{said}, flag x-controller --c …)",)
    assert build_report(audit(new_surface=names)).new_surface == names
