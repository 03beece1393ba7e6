from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.model import Environment, Kill, Level, Outcome, Profile, Result, Run, Verdict
from conformance.report.verdict import judge, label

STAGING, PRODUCTION = Environment.STAGING, Environment.PRODUCTION
JUDGED = [Level.CORE, Level.HARDENED]


def result(check, outcome, level=Level.CORE, environment=STAGING):
    return Result(
        id=check, statement="s", level=level, environment=environment, outcome=outcome, duration_s=0.1, control="prune"
    )


def run(results, profile=Profile.HARDENED, **fields):
    known = {
        "environments": tuple({r.environment for r in results}),
        "expected_keys": frozenset(label(r) for r in results),
    }
    return Run(
        run_id="r",
        started="2026-11-02T10:00:00Z",
        profile=profile,
        flux_version="2.9.2",
        provider="embedded",
        bootstrap="cli",
        kubernetes_version="v1.36.3",
        fleet="reference",
        fleet_commits={},
        address_map={},
        argument_changes=(),
        lockdown={},
        binaries=(),
        phases=(),
        results=tuple(results),
        **{**known, **fields},
    )


IDS = [f"A{n:02d}" for n in range(12)]
RESULTS = st.lists(
    st.builds(
        result,
        st.sampled_from(IDS),
        st.sampled_from(list(Outcome)),
        st.sampled_from(list(Level)),
        st.sampled_from(list(Environment)),
    ),
    max_size=12,
    unique_by=label,
)
RUNS = st.builds(run, RESULTS, st.sampled_from(list(Profile)))
PASSING = st.builds(
    run,
    st.lists(
        st.builds(result, st.sampled_from(IDS), st.just(Outcome.PASSED), st.sampled_from(JUDGED)),
        min_size=1,
        unique_by=label,
    ),
)


def with_result(known: Run, extra: Result) -> Run:
    return replace(known, results=(*known.results, extra), expected_keys=known.expected_keys | {label(extra)})


@given(RUNS, st.sampled_from(JUDGED))
def test_a_failed_judged_result_is_never_anything_but_non_conformant(known, level):
    level = Level.CORE if known.profile is Profile.CORE else level
    judgement = judge(with_result(known, result("Z99", Outcome.FAILED, level)))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.NON_CONFORMANT, 1)


@given(RUNS, st.sampled_from([Outcome.ERROR, Outcome.SKIPPED, Outcome.UNSUPPORTED]))
def test_what_could_not_be_judged_is_never_conformant(known, outcome):
    assert judge(with_result(known, result("Z99", outcome))).verdict is not Verdict.CONFORMANT


@given(RUNS, st.randoms(use_true_random=False))
def test_order_does_not_matter(known, chance):
    shuffled = list(known.results)
    chance.shuffle(shuffled)
    assert judge(replace(known, results=tuple(shuffled))) == judge(known)


@given(RUNS, st.data())
@settings(suppress_health_check=[HealthCheck.filter_too_much])
def test_removing_a_result_never_makes_a_run_conformant(known, data):
    if not known.results:
        return
    dropped = data.draw(st.sampled_from(known.results))
    rest = replace(known, results=tuple(r for r in known.results if r is not dropped))
    assert judge(rest).verdict is not Verdict.CONFORMANT


@given(PASSING, st.sampled_from(list(Outcome)))
def test_a_documented_limit_never_changes_the_verdict(known, outcome):
    limit = result("Z99", outcome, Level.PROVISIONAL)
    assert judge(known).verdict is Verdict.CONFORMANT
    assert judge(with_result(known, limit)).verdict is Verdict.CONFORMANT


@given(RUNS)
def test_a_verdict_that_is_not_conformant_gives_its_reasons_and_its_exit_code(known):
    judgement = judge(known)
    assert (judgement.verdict is Verdict.CONFORMANT) == (judgement.reasons == ()) == (judgement.exit_code == 0)


@given(RUNS, st.text(min_size=1))
def test_a_breakdown_never_hides_a_finding_and_never_passes(known, text):
    before, after = judge(known).verdict, judge(replace(known, breakdowns=(text,))).verdict
    assert after is (Verdict.NON_CONFORMANT if before is Verdict.NON_CONFORMANT else Verdict.INCONCLUSIVE)


def test_a_hardened_failure_is_not_judged_by_the_core_profile():
    results = [result("F01", Outcome.PASSED), result("B24", Outcome.FAILED, Level.HARDENED)]
    assert judge(run(results, Profile.CORE)).verdict is Verdict.CONFORMANT
    assert judge(run(results, Profile.HARDENED)).verdict is Verdict.NON_CONFORMANT


def test_nothing_collected_has_its_own_exit_code():
    judgement = judge(run([], environments=(STAGING,)))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCONCLUSIVE, 5)
    assert judgement.reasons == ("nothing was collected: no check ran",)


def test_a_breakdown_before_collection_is_inconclusive():
    assert judge(run([], breakdowns=("provider: etcd ended",))).exit_code == 10


def test_only_documented_limits_judge_nothing():
    judgement = judge(run([result("G02", Outcome.PASSED, Level.PROVISIONAL)]))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reasons == ("no check was judged in staging",)


def test_an_environment_without_a_judged_check_is_inconclusive():
    judgement = judge(run([result("F01", Outcome.PASSED)], environments=(STAGING, PRODUCTION)))
    assert judgement.reasons == ("no check was judged in production",)


def test_a_record_that_does_not_add_up_is_inconclusive():
    passed = result("F01", Outcome.PASSED)
    assert judge(run([passed], expected_keys=frozenset())).reasons == (
        "staging/F01 has a result and was never collected",
    )
    assert judge(run([passed, passed])).reasons == ("staging/F01 has 2 results",)


def test_a_missing_result_is_named():
    judgement = judge(run([result("F01", Outcome.PASSED)], expected_keys=frozenset({"staging/F01", "staging/B24"})))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reasons == ("staging/B24 was collected and has no result",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kills": {"F01": Kill.SURVIVED}}, "survived F01"),
        ({"kills": {"F01": Kill.ERROR}}, "could not be judged by F01"),
        ({"kills": {}}, "was judged by no check"),
        ({"green_again": False}, "was not reverted cleanly"),
    ],
)
def test_a_mutant_that_was_not_killed_makes_the_run_inconclusive(make_mutant, fields, said):
    judgement = judge(run([result("F01", Outcome.PASSED)], mutants=(make_mutant(**fields),)))
    assert judgement.exit_code == 10
    assert said in judgement.reasons[0]


def test_a_killed_mutant_changes_nothing(make_mutant):
    assert judge(run([result("F01", Outcome.PASSED)], mutants=(make_mutant(),))).verdict is Verdict.CONFORMANT


def test_substituted_modules_and_selections_are_reservations(full_run):
    said = judge(full_run).reservations
    assert said[0] == "kubectl was built with example.com/fork in place of the published module"
    assert said[1] == "a selection: 1 of 3 checks of the catalog were left out (staging/D02)"
