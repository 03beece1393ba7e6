"""Reports compared: what is equal, what differs, and what nobody can say."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import InputError
from conformance.model import Environment, Fidelity, Level, Onboarding, Outcome, Profile, Sync, Verdict
from conformance.report import parity_page
from conformance.report.build import build_report
from conformance.report.combine import combine, part_of
from conformance.report.combined_schema import Answer, Relation
from conformance.report.parity import compare, exit_code, refuse_other_subjects
from conformance.rows import rows as catalogue

PASSED, FAILED, ERROR, UNSUPPORTED = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.UNSUPPORTED
JUDGED = (Outcome.PASSED, Outcome.FAILED)


def combined(*reports):
    return combine([part_of(report, folder=str(n)) for n, report in enumerate(reports)])


def parity_of(*reports):
    return combined(*reports).parity


@pytest.fixture
def both(make_run, make_result):
    """Return a function: results of embedded and of kind, as pairs of id and outcome, to a combined report."""

    def make(embedded, kind, **fields):
        def report(provider, seen):
            results = [seen_as if not isinstance(seen_as, tuple) else make_result(*seen_as) for seen_as in seen]
            return build_report(make_run(results, provider=provider, **fields))

        return combined(report("embedded", embedded), report("kind", kind))

    return make


def test_the_same_results_are_parity(both):
    seen = [("F01", Outcome.PASSED), ("F02", Outcome.FAILED)]
    found = both(seen, reversed(seen))
    assert (found.parity.answer, exit_code(found.parity)) == (Answer.EQUAL, 0)
    assert [row.key for row in found.parity.rows] == ["F01", "F02"]
    assert "equal     2 of 2 rows that more than one column exercises" in parity_page.text(found)


def test_a_difference_is_a_finding_about_a_platform(both, make_result):
    broken = make_result("F01", Outcome.FAILED, message="it became Ready\n  on and on")
    found = both([("F01",), ("F02",)], [broken, ("F02",)])
    assert (found.parity.answer, exit_code(found.parity)) == (Answer.DIFFERENT, 1)
    text = parity_page.text(found)
    assert text.startswith("F01 in staging DIFFERENT  a tenant cannot reconcile from another tenant's GitRepository\n")
    assert "  embedded  passed\n  kind      failed (it became Ready)\n" in text
    assert "parity   different" in text


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.SKIPPED])
@pytest.mark.parametrize("other", [*JUDGED, Outcome.ERROR, Outcome.UNSUPPORTED])
def test_a_breakdown_is_neither_parity_nor_a_difference(both, make_result, outcome, other):
    broken = make_result("F01", outcome, message="no answer", layer="wait")
    found = both([("F02",), broken], [("F02",), ("F01", other)])
    assert found.parity.of(Relation.NOT_COMPARED)[0].key == "F01"
    assert (found.parity.answer, exit_code(found.parity)) == (Answer.INCONCLUSIVE, 10)
    assert "not seen  F01 in staging: embedded: " in parity_page.text(found)


@pytest.mark.parametrize(("first", "second", "able"), [(0, 1, "embedded"), (1, 0, "kind")])
def test_what_one_platform_cannot_show_is_said_with_its_reason(both, make_result, first, second, able):
    sides = (("E01", Outcome.FAILED), make_result("E01", Outcome.UNSUPPORTED, message="needs nodes"))
    found = both([("F01",), sides[first]], [("F01",), sides[second]])
    (row,) = found.parity.of(Relation.ONE)
    assert (row.able, found.parity.answer) == (able, Answer.EQUAL)
    assert "unsupported (needs nodes)" in parity_page.text(found)
    assert f"alone     on {able}: 1" in parity_page.text(found)


def test_what_neither_can_show_is_no_difference_and_never_parity_by_itself(both):
    unsupported = ("E01", Outcome.UNSUPPORTED)
    assert both([("F01",), unsupported], [("F01",), unsupported]).parity.answer is Answer.EQUAL
    assert both([unsupported], [unsupported]).parity.answer is Answer.INCONCLUSIVE
    assert both([], []).parity.answer is Answer.INCONCLUSIVE


def test_what_a_platform_declares_to_lie_beyond_it_is_no_difference(make_run, make_result):
    """E00 on a cluster without nodes: not collected there, and named in `beyond`; -k may leave it out elsewhere."""
    catalog = frozenset({"staging/F01", "staging/F02"})
    without = build_report(
        make_run([make_result("F01")], provider="embedded", catalog=catalog, beyond={"E00": "nodes"})
    )
    kind = {"provider": "kind", "catalog": catalog | {"staging/E00"}}
    found = combined(without, build_report(make_run([make_result("F01"), make_result("E00")], **kind)))
    (row,) = found.parity.of(Relation.ONE)
    assert (row.key, row.able, found.parity.answer) == ("E00", "kind", Answer.EQUAL)
    assert "embedded: unsupported (needs nodes)" in parity_page.text(found)
    unselected = combined(without, build_report(make_run([make_result("F01")], **kind)))
    assert unselected.parity.answer is Answer.EQUAL


def test_a_row_that_was_collected_and_said_nothing_is_not_beyond(make_run, make_result):
    expected = frozenset({"staging/F01", "staging/E00"})
    silent = make_run([make_result("F01")], provider="embedded", beyond={"E00": "nodes"}, expected_keys=expected)
    seen = make_run([make_result("F01"), make_result("E00")], provider="kind")
    assert parity_of(build_report(silent), build_report(seen)).of(Relation.NOT_COMPARED)[0].key == "E00"


def test_a_row_without_a_result_on_one_side_was_not_compared(both):
    found = both([("F01",), ("F02",)], [("F01",)])
    (row,) = found.parity.of(Relation.NOT_COMPARED)
    assert [side.said for side in row.sides] == ["", "has no result"]
    assert exit_code(found.parity) == 10


def test_a_row_that_was_collected_and_has_no_result_anywhere_is_not_forgotten(both):
    found = both([("F01",)], [("F01",)], expected_keys=frozenset({"staging/F01", "staging/C03[ClusterRole]"}))
    assert [row.key for row in found.parity.of(Relation.NOT_COMPARED)] == ["C03[ClusterRole]"]


def test_two_results_of_one_row_say_nothing(both):
    found = both([("F01",), ("F01",)], [("F01",)])
    assert found.parity.of(Relation.NOT_COMPARED)[0].sides[0].said == "has 2 results"


def test_a_run_that_broke_down_is_no_parity_even_where_its_rows_agree(both):
    found = both([("F01",)], [("F01",)], breakdowns=("bootstrap: flux ended\nwith code 1",))
    assert found.parity.answer is Answer.INCONCLUSIVE
    assert found.parity.breakdowns == ("embedded: bootstrap: flux ended", "kind: bootstrap: flux ended")
    assert "kind: bootstrap: flux ended" in parity_page.markdown(found)


def test_a_difference_weighs_more_than_a_breakdown(both):
    found = both([("F01",), ("F02", Outcome.ERROR)], [("F01", Outcome.FAILED), ("F02",)])
    assert exit_code(found.parity) == 1


def test_environments_and_parameters_are_rows_of_their_own(both, make_result):
    one = [make_result("C03", parameter="ClusterRole"), make_result("F01", environment=Environment.PRODUCTION)]
    two = [make_result("C03", parameter="Namespace"), make_result("F01")]
    found = both(one, two, environments=tuple(Environment))
    assert len(found.parity.of(Relation.NOT_COMPARED)) == len(found.parity.rows) == 4


def test_documented_limits_are_compared_too(both, make_result):
    limit = make_result("G02", Outcome.FAILED, level=Level.PROVISIONAL, message="the file was fetched")
    assert both([limit], [limit]).parity.answer is Answer.EQUAL
    found = both([limit], [replace(limit, outcome=Outcome.PASSED, message="")])
    assert found.parity.answer is Answer.DIFFERENT
    assert "embedded  limit open (the file was fetched)" in parity_page.text(found)
    assert "kind      limit closed" in parity_page.text(found)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"flux_version": "2.9.5"}, "Flux 2.9.2 and 2.9.5"),
        ({"profile": Profile.CORE}, "profile hardened and core"),
        ({"fleet": "our-fleet"}, "fleet reference and our-fleet"),
        ({"folders_sha256": {"fleet": "b" * 64, "tenant": "c" * 64}}, f"the fleet's files {'a' * 16} and {'b' * 16}"),
        ({"folders_sha256": {"fleet": "a" * 64, "tenant": "d" * 64}}, f"the tenant's files {'c' * 16} and {'d' * 16}"),
        ({"sync": Sync.OCI}, "sync git and oci"),
        ({"onboarding": Onboarding.COMMAND}, "onboarding base and command"),
        ({"environments": (Environment.PRODUCTION,)}, "environments staging and production"),
        ({"kubernetes_version": "v1.35.8"}, "Kubernetes v1.36 and v1.35"),
    ],
)
def test_reports_of_two_subjects_are_refused(make_run, fields, said):
    known = {"folders_sha256": {"fleet": "a" * 64, "tenant": "c" * 64}}
    one = build_report(make_run(provider="embedded", **known))
    two = build_report(make_run(provider="kind", **{**known, **fields}))
    with pytest.raises(InputError, match=re.escape(f"not of one subject: {said}")):
        refuse_other_subjects((one, two))
    with pytest.raises(InputError):
        compare({"embedded": one, "kind": two})
    # After the runs nothing is thrown away: there is a report, which says that nothing was compared.
    found = combined(one, two)
    assert (found.parity.answer, found.parity.rows) == (Answer.INCONCLUSIVE, ())
    assert any(said in reason for reason in found.judgement.reasons)


def test_a_patch_release_of_kubernetes_may_differ_and_an_unknown_one_too(make_run, make_result):
    runs = [
        make_run([make_result()], provider=p, kubernetes_version=v) for p, v in (("a", "v1.36.3"), ("b", "v1.36.4"))
    ]
    found = combined(*map(build_report, runs))
    assert (found.parity.answer, [c.kubernetes for c in found.columns]) == (Answer.EQUAL, ["v1.36.3", "v1.36.4"])
    unknown = build_report(replace(runs[1], kubernetes_version="", results=(), breakdowns=("provider: no engine",)))
    assert parity_of(build_report(runs[0]), unknown).answer is Answer.INCONCLUSIVE


@pytest.mark.parametrize("known", [{}, {"fleet": "a" * 64}])
def test_reports_that_do_not_say_all_files_are_compared(make_run, make_result, known):
    """An audit of an existing cluster has no tenant repository; reports of before have no digests."""
    whole = {"fleet": "a" * 64, "tenant": "c" * 64}
    runs = [make_run([make_result()], provider=p, folders_sha256=d) for p, d in (("kind", whole), ("existing", known))]
    assert parity_of(*map(build_report, runs)).answer is Answer.EQUAL


def test_a_platform_cannot_be_compared_with_itself_nor_alone(make_run):
    report = build_report(make_run(provider="kind"))
    with pytest.raises(InputError, match="two reports are of the same platform: cli on kind"):
        combined(report, report)
    with pytest.raises(InputError, match="one report has nothing beside it"):
        combined(report)


@pytest.fixture
def four(make_run, make_result):
    """Return a function: outcomes of one row (None: no result) on cli and operator, each on embedded and on kind."""

    def report(bootstrap, provider, outcome, row):
        results = [make_result("F02"), *([make_result(row, outcome)] if outcome else [])]
        expected = frozenset({"staging/F02", f"staging/{row}"})
        return build_report(make_run(results, bootstrap=bootstrap, provider=provider, expected_keys=expected))

    def make(*outcomes, row="F01"):
        platforms = [(b, p) for b in ("cli", "operator") for p in ("embedded", "kind")]
        return combined(*(report(*place, outcome, row) for place, outcome in zip(platforms, outcomes, strict=True)))

    return make


@pytest.mark.parametrize(
    ("outcomes", "answer", "routes"),
    [
        ((PASSED, PASSED, PASSED, PASSED), Answer.EQUAL, Answer.EQUAL),
        ((PASSED, PASSED, FAILED, PASSED), Answer.DIFFERENT, Answer.DIFFERENT),
        # The providers contradict each other, and the routes do not.
        ((PASSED, FAILED, PASSED, FAILED), Answer.DIFFERENT, Answer.EQUAL),
        ((PASSED, PASSED, PASSED, ERROR), Answer.INCONCLUSIVE, Answer.INCONCLUSIVE),
        ((PASSED, UNSUPPORTED, PASSED, UNSUPPORTED), Answer.EQUAL, Answer.EQUAL),
        ((UNSUPPORTED, PASSED, PASSED, UNSUPPORTED), Answer.EQUAL, Answer.EQUAL),
    ],
)
def test_parity_of_routes_is_that_between_columns_of_one_provider(four, outcomes, answer, routes):
    found = four(*outcomes)
    assert (found.parity.answer, found.parity.routes) == (answer, routes)
    assert f"H17       both bootstrap routes get the same verdicts: {routes}" in parity_page.text(found)


@pytest.mark.parametrize(
    ("outcomes", "relation", "code"),
    [
        ((FAILED, FAILED, PASSED, PASSED), Relation.KNOWN, 0),
        ((FAILED, UNSUPPORTED, PASSED, PASSED), Relation.KNOWN, 0),
        # Not what the catalogue explains: the providers differ too, or somebody broke down.
        ((FAILED, PASSED, PASSED, PASSED), Relation.DIFFERENT, 1),
        ((FAILED, FAILED, PASSED, ERROR), Relation.NOT_COMPARED, 10),
        ((PASSED, PASSED, PASSED, PASSED), Relation.EQUAL, 0),
    ],
)
def test_a_difference_of_routes_that_the_catalogue_explains_is_no_breach(four, outcomes, relation, code):
    assert catalogue()["A16"].between_routes
    found = four(*outcomes, row="A16")
    assert found.parity.rows[0].relation is relation
    assert exit_code(found.parity) == code
    said = f"known     A16 in staging: {catalogue()['A16'].between_routes}"
    assert (said in parity_page.text(found)) == (relation is Relation.KNOWN)


def test_one_route_says_nothing_of_routes(both):
    found = both([("F01",)], [("F01",)])
    assert found.parity.routes is None
    assert "H17" not in parity_page.text(found)


def test_four_columns_are_said_together_where_they_agree(four):
    text = parity_page.text(four(PASSED, PASSED, FAILED, PASSED))
    assert "F01 in staging DIFFERENT" in text
    page = parity_page.markdown(four(PASSED, PASSED, ERROR, PASSED))
    assert "cli on embedded, cli on kind, operator on kind: passed; operator on embedded: error" in page


def test_selections_that_differ_are_refused(make_run, make_result):
    catalog = frozenset({"staging/F01", "staging/F02", "staging/F03"})
    one = build_report(make_run([make_result("F01")], provider="embedded", catalog=catalog))
    two = build_report(make_run([make_result("F01"), make_result("F02")], provider="kind", catalog=catalog))
    with pytest.raises(InputError, match=r"1 were selected in some of them only \(staging/F02\)"):
        refuse_other_subjects((one, two))
    found = combined(one, build_report(make_run([make_result("F01")], provider="kind", catalog=catalog)))
    assert found.parity.left_out == 2
    assert "a selection: 2 checks" in parity_page.text(found)


@pytest.mark.parametrize(("kind", "code"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1)])
def test_a_simulated_row_is_compared_and_marked(make_run, make_result, kind, code):
    simulated = make_result("E01", fidelity=Fidelity.SIMULATED)
    computed = build_report(make_run([simulated, make_result("F01")], provider="embedded"))
    seen = build_report(make_run([make_result("E01", kind), make_result("F01")], provider="kind"))
    found = combined(computed, seen)
    assert exit_code(found.parity) == code
    assert "2 rows that more than one column exercises, 1 of them simulated on embedded" in parity_page.text(found)
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


@settings(deadline=None)  # a busy machine takes its time
@given(rows=ROWS)
def test_each_row_is_said_once_and_parity_is_never_claimed_in_doubt(make_run, make_result, rows):
    def report(side, provider):
        results = [make_result(key, pair[side]) for key, pair in rows.items() if pair[side] is not None]
        return build_report(make_run(results, provider=provider, expected_keys=frozenset(f"staging/{k}" for k in rows)))

    reports = report(0, "embedded"), report(1, "kind")
    found, mirrored = combined(*reports), combined(*reversed(reports))
    assert [row.key for row in found.parity.rows] == sorted(rows)
    assert found.parity.answer is mirrored.parity.answer
    assert found.verdict is mirrored.verdict
    pairs = rows.values()
    differ = any(one in JUDGED and two in JUDGED and one is not two for one, two in pairs)
    doubt = any({one, two} - {*JUDGED, Outcome.UNSUPPORTED} for one, two in pairs)
    same = any(one in JUDGED and one is two for one, two in pairs)
    wanted = Answer.DIFFERENT if differ else Answer.INCONCLUSIVE if doubt or not same else Answer.EQUAL
    assert found.parity.answer is wanted
    assert (found.verdict is Verdict.CONFORMANT) <= (found.parity.answer is Answer.EQUAL)
    parity_page.text(found)
    parity_page.markdown(found)
