"""Two reports compared: what is equal, what differs, and what nobody can say."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import InputError
from conformance.model import Environment, Level, Outcome, Profile
from conformance.report import parity_page
from conformance.report.build import build_report
from conformance.report.parity import Answer, Relation, compare
from conformance.report.schema import ResultRow

JUDGED = (Outcome.PASSED, Outcome.FAILED)


@pytest.fixture
def both(make_run, make_result):
    """Return a function: results of embedded and of kind, as pairs of id and outcome, to a comparison."""

    def make(embedded, kind, **fields):
        def report(provider, seen):
            results = [seen_as if not isinstance(seen_as, tuple) else make_result(*seen_as) for seen_as in seen]
            return build_report(make_run(results, provider=provider, **fields))

        return compare(report("embedded", embedded), report("kind", kind))

    return make


def test_the_same_results_are_parity(both):
    seen = [("F01", Outcome.PASSED), ("F02", Outcome.FAILED)]
    found = both(seen, reversed(seen))
    assert (found.answer, found.exit_code) == (Answer.EQUAL, 0)
    assert [pair.key for pair in found.pairs] == ["F01", "F02"]
    assert "equal     2 of 2 rows that both exercise" in parity_page.text(found)


def test_a_difference_is_a_finding_about_a_provider(both, make_result):
    broken = make_result("F01", Outcome.FAILED, message="it became Ready\n  on and on")
    found = both([("F01",), ("F02",)], [broken, ("F02",)])
    assert (found.answer, found.exit_code) == (Answer.DIFFERENT, 1)
    text = parity_page.text(found)
    assert text.startswith("F01 in staging DIFFERENT  a tenant cannot reconcile from another tenant's GitRepository\n")
    assert "  embedded  passed\n  kind      failed (it became Ready)\n" in text
    assert "parity   different" in text


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.SKIPPED])
@pytest.mark.parametrize("other", [*JUDGED, Outcome.ERROR, Outcome.UNSUPPORTED])
def test_a_breakdown_is_neither_parity_nor_a_difference(both, make_result, outcome, other):
    broken = make_result("F01", outcome, message="no answer", layer="wait")
    found = both([("F02",), broken], [("F02",), ("F01", other)])
    assert found.of(Relation.NOT_COMPARED)[0].key == "F01"
    assert (found.answer, found.exit_code) == (Answer.INCONCLUSIVE, 10)
    assert "not seen  F01 in staging: embedded: " in parity_page.text(found)


@pytest.mark.parametrize(("first", "second", "able"), [(0, 1, "embedded"), (1, 0, "kind")])
def test_what_one_provider_cannot_show_is_said_with_its_reason(both, make_result, first, second, able):
    sides = (("E01", Outcome.FAILED), make_result("E01", Outcome.UNSUPPORTED, message="needs nodes"))
    found = both([("F01",), sides[first]], [("F01",), sides[second]])
    (pair,) = found.of(Relation.ONE)
    assert (pair.able, found.answer) == (able, Answer.EQUAL)
    assert "unsupported (needs nodes)" in parity_page.text(found)
    assert f"alone     on {able}: 1" in parity_page.text(found)


def test_what_neither_can_show_is_no_difference_and_never_parity_by_itself(both):
    unsupported = ("E01", Outcome.UNSUPPORTED)
    assert both([("F01",), unsupported], [("F01",), unsupported]).answer is Answer.EQUAL
    assert both([unsupported], [unsupported]).answer is Answer.INCONCLUSIVE
    assert both([], []).answer is Answer.INCONCLUSIVE


def test_a_row_without_a_result_on_one_side_was_not_compared(both):
    found = both([("F01",), ("F02",)], [("F01",)])
    (pair,) = found.of(Relation.NOT_COMPARED)
    assert [side.said for side in pair.sides] == ["", "has no result"]
    assert found.exit_code == 10


def test_a_row_that_was_collected_and_has_no_result_anywhere_is_not_forgotten(both):
    found = both([("F01",)], [("F01",)], expected_keys=frozenset({"staging/F01", "staging/C03[ClusterRole]"}))
    assert [pair.key for pair in found.of(Relation.NOT_COMPARED)] == ["C03[ClusterRole]"]


def test_two_results_of_one_row_say_nothing(both):
    found = both([("F01",), ("F01",)], [("F01",)])
    assert found.of(Relation.NOT_COMPARED)[0].sides[0].said == "has 2 results"


def test_a_run_that_broke_down_is_no_parity_even_where_its_rows_agree(both):
    found = both([("F01",)], [("F01",)], breakdowns=("bootstrap: flux ended\nwith code 1",))
    assert found.answer is Answer.INCONCLUSIVE
    assert found.breakdowns == ("embedded: bootstrap: flux ended", "kind: bootstrap: flux ended")
    assert "kind: bootstrap: flux ended" in parity_page.markdown(found)


def test_a_difference_weighs_more_than_a_breakdown(both):
    found = both([("F01",), ("F02", Outcome.ERROR)], [("F01", Outcome.FAILED), ("F02",)])
    assert found.exit_code == 1


def test_environments_and_parameters_are_rows_of_their_own(both, make_result):
    one = [make_result("C03", parameter="ClusterRole"), make_result("F01", environment=Environment.PRODUCTION)]
    two = [make_result("C03", parameter="Namespace"), make_result("F01")]
    found = both(one, two, environments=tuple(Environment))
    assert len(found.of(Relation.NOT_COMPARED)) == len(found.pairs) == 4


def test_documented_limits_are_compared_too(both, make_result):
    limit = make_result("G02", Outcome.FAILED, level=Level.PROVISIONAL, message="the file was fetched")
    assert both([limit], [limit]).answer is Answer.EQUAL
    found = both([limit], [replace(limit, outcome=Outcome.PASSED, message="")])
    assert found.answer is Answer.DIFFERENT
    assert "embedded  limit open (the file was fetched)" in parity_page.text(found)
    assert "kind      limit closed" in parity_page.text(found)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"flux_version": "2.9.5"}, "Flux 2.9.2 and 2.9.5"),
        ({"profile": Profile.CORE}, "profile hardened and core"),
        ({"fleet": "our-fleet"}, "fleet reference and our-fleet"),
        ({"bootstrap": "operator"}, "bootstrap cli and operator"),
        ({"environments": (Environment.PRODUCTION,)}, "environments staging and production"),
        ({"kubernetes_version": "v1.35.8"}, "Kubernetes v1.36 and v1.35"),
    ],
)
def test_reports_of_two_subjects_are_refused(make_run, fields, said):
    one, two = build_report(make_run(provider="embedded")), build_report(make_run(provider="kind", **fields))
    with pytest.raises(InputError, match=re.escape(f"not of one subject: {said}")):
        compare(one, two)


def test_a_patch_release_of_kubernetes_may_differ_and_an_unknown_one_too(make_run, make_result):
    runs = [
        make_run([make_result()], provider=p, kubernetes_version=v) for p, v in (("a", "v1.36.3"), ("b", "v1.36.4"))
    ]
    found = compare(*map(build_report, runs))
    assert (found.answer, found.kubernetes) == (Answer.EQUAL, ("v1.36.3", "v1.36.4"))
    unknown = build_report(replace(runs[1], kubernetes_version="", results=(), breakdowns=("provider: no engine",)))
    assert compare(build_report(runs[0]), unknown).answer is Answer.INCONCLUSIVE


def test_one_provider_cannot_be_compared_with_itself(both, make_run):
    report = build_report(make_run(provider="kind"))
    with pytest.raises(InputError, match="both reports are of provider 'kind'"):
        compare(report, report)


def test_selections_that_differ_are_refused(make_run, make_result):
    catalog = frozenset({"staging/F01", "staging/F02", "staging/F03"})
    one = build_report(make_run([make_result("F01")], provider="embedded", catalog=catalog))
    two = build_report(make_run([make_result("F01"), make_result("F02")], provider="kind", catalog=catalog))
    with pytest.raises(InputError, match=r"1 were selected in one of them only \(staging/F02\)"):
        compare(one, two)
    found = compare(one, build_report(make_run([make_result("F01")], provider="kind", catalog=catalog)))
    assert found.left_out == 2
    assert "a selection: 2 checks" in parity_page.text(found)


class SimulatedRow(ResultRow):
    """A row that was computed from the live objects."""

    fidelity: str = "simulated"


@pytest.mark.parametrize(("kind", "code"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1)])
def test_a_simulated_row_is_compared_and_marked(make_run, make_result, kind, code):
    computed = build_report(make_run([make_result("E01"), make_result("F01")], provider="embedded"))
    rows = [
        SimulatedRow(**{**row.model_dump(), "fidelity": "simulated"}) if row.id == "E01" else row
        for row in computed.results
    ]
    seen = build_report(make_run([make_result("E01", kind), make_result("F01")], provider="kind"))
    found = compare(computed.model_copy(update={"results": rows}), seen)
    assert found.exit_code == code
    assert "2 rows that both exercise, 1 of them simulated on embedded" in parity_page.text(found)
    assert f"| passed, simulated | {kind} |" in parity_page.markdown(found)
    assert "| F01 | staging |" in parity_page.markdown(found)


def test_the_page_escapes_what_a_cluster_said(both, make_result):
    evil = make_result("F01", Outcome.FAILED, message="a | b <script>")
    page = parity_page.markdown(both([("F01",)], [evil]))
    assert "<script>" not in page
    assert "a \\| b &lt;script&gt;" in page
    assert "## Differences" in page


def test_every_table_of_the_page_has_as_many_cells_as_heads(both, make_result):
    seen = [("F01",), ("E01", Outcome.UNSUPPORTED), ("C03", Outcome.ERROR)]
    page = parity_page.markdown(both(seen, [("F01", Outcome.FAILED), ("E01",), ("C03",)]))
    for block in page.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1, block


OUTCOMES = st.sampled_from([*Outcome, None])
ROWS = st.dictionaries(st.sampled_from(["A01", "B02", "C03", "E04", "G02"]), st.tuples(OUTCOMES, OUTCOMES))


@given(rows=ROWS)
def test_each_row_is_said_once_and_parity_is_never_claimed_in_doubt(make_run, make_result, rows):
    def report(side, provider):
        results = [make_result(key, pair[side]) for key, pair in rows.items() if pair[side] is not None]
        return build_report(make_run(results, provider=provider, expected_keys=frozenset(f"staging/{k}" for k in rows)))

    reports = report(0, "embedded"), report(1, "kind")
    found, mirrored = compare(*reports), compare(*reversed(reports))
    assert [pair.key for pair in found.pairs] == sorted(rows)
    assert found.answer is mirrored.answer
    pairs = rows.values()
    differ = any(one in JUDGED and two in JUDGED and one is not two for one, two in pairs)
    doubt = any({one, two} - {*JUDGED, Outcome.UNSUPPORTED} for one, two in pairs)
    same = any(one in JUDGED and one is two for one, two in pairs)
    wanted = Answer.DIFFERENT if differ else Answer.INCONCLUSIVE if doubt or not same else Answer.EQUAL
    assert found.answer is wanted
    parity_page.text(found)
    parity_page.markdown(found)
