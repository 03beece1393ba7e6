"""What a number of rounds says of a check."""

from conformance.model import Environment, Level, Outcome, Result, Tally
from conformance.repeating import round_lines, upper_bound


def test_the_bound_of_no_failure_is_that_of_the_rule_of_three() -> None:
    assert abs(upper_bound(0, 20) - (1 - 0.05 ** (1 / 20))) < 1e-9
    assert abs(upper_bound(0, 300) - 3 / 300) < 1e-3


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    # Tables of the one-sided 95 % bound: 1 of 20 and 5 of 20.
    assert round(upper_bound(1, 20), 4) == 0.2161
    assert round(upper_bound(5, 20), 4) == 0.4556


def test_what_always_fails_may_always_fail() -> None:
    assert upper_bound(3, 3) == 1.0
    assert upper_bound(0, 1) == 0.95


def test_a_flip_is_two_answers_to_one_question() -> None:
    def tally(failed: int, errors: int) -> Tally:
        return Tally(
            key="A01", environment=Environment.STAGING, rounds=3, failed=failed, errors=errors, upper_bound=1.0
        )

    assert not tally(0, 0).flips
    assert not tally(3, 0).flips
    assert tally(1, 0).flips
    assert tally(1, 2).flips


def _result(check: str, outcome: Outcome, level: Level = Level.CORE, message: str = "") -> Result:
    return Result(
        id=check,
        statement="",
        level=level,
        environment=Environment.STAGING,
        outcome=outcome,
        duration_s=0.0,
        control="",
        message=message,
    )


def test_a_round_names_what_did_not_pass_as_soon_as_it_ends() -> None:
    results = [
        _result("A01", Outcome.PASSED),
        _result("B14", Outcome.FAILED, Level.PROVISIONAL),
        _result("E07", Outcome.ERROR, message="a Pod was refused\nbehind it"),
    ]
    assert round_lines(2, 20, results) == [
        "round 2 of 20: 1 error, 1 limits open, 1 passed",
        "round 2: E07 error: a Pod was refused",
    ]
