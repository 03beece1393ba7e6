"""What certifications make of a mutated platform, on one that is only played."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.certificates import FAILED, Edit, Weather, allowed, nothing, result, run_of
from support.without_control import answered, directions, green_again, removed, reported

from conformance.certificate.schema import Answer, Direction
from conformance.model import Environment, Kill, MutantResult, Outcome
from conformance.report.kept import keep
from conformance.report.write import write_run

RED: dict[str, Any] = {key: value for key, value in FAILED.items() if key not in ("denial", "planes", "evidence")}
ERROR: dict[str, Any] = {**RED, "outcome": Outcome.ERROR}


def unlike(known: dict[str, Any]) -> None:
    known["answer"].update(who="system:serviceaccount:shared-b:flux")


def played(root: Path, kills: Mapping[str, Kill], again: Edit = nothing) -> Path:
    """Write the report of a run with one mutant, under which F01 and F02 fail, the second one at the second try."""
    place = "evidence/staging/mutants/M1"
    clean = [result(root, check, Weather(1)) for check in ("F01", "F02", "B01")]
    for stage, check, edit, fields in (
        ("mutated", "F01", allowed, RED),
        ("mutated", "F02", nothing, ERROR),
        ("mutated-again", "F02", nothing, RED),
        ("mutated", "B01", nothing, {}),
        ("reverted", "F01", again, {}),
        ("reverted", "F02", nothing, {}),
    ):
        kept = result(root, check, Weather(2), edit, folder=f"{place}/{stage}/{check}", **fields)
        keep(root / place / stage / check, kept, lambda text: text)
    mutant = MutantResult(
        id="M1", description="none", environment=Environment.STAGING, duration_s=1.0, kills=kills,
        bystanders={"B01": Kill.SURVIVED}, green_again=True,
    )  # fmt: skip
    write_run(root, run_of("2.9.2", clean, mutants=(mutant,)))
    return root


BOTH = {"F01": Kill.KILLED, "F02": Kill.KILLED}


def test_a_release_is_made_of_what_was_seen_without_the_control(tmp_path: Path) -> None:
    side = reported(played(tmp_path, BOTH))
    (one,) = removed(side)
    certificate = answered(side, one.before, one.after)
    assert (one.mutant, sorted(one.killers)) == ("M1", ["F01", "F02"])
    assert certificate.may_upgrade is Answer.NO
    assert directions(certificate) == {
        "B01": Direction.UNCHANGED, "F01": Direction.LOOSER, "F02": Direction.LOOSER
    }  # fmt: skip


def test_a_check_that_has_gone_blind_is_told_by_its_evidence_alone(tmp_path: Path) -> None:
    side = reported(played(tmp_path, BOTH))
    (one,) = removed(side)
    certificate = answered(side, one.before, one.blind)
    assert directions(certificate)["F01"] is Direction.LOOSER
    assert directions(certificate)["F02"] is Direction.UNCHANGED, "its evidence shows nothing else than before"
    assert {row.after for row in certificate.comparison.rows} == {"passed"}


def test_a_result_that_the_matrix_does_not_know_is_refused(tmp_path: Path) -> None:
    side = reported(played(tmp_path, {**BOTH, "F01": Kill.SURVIVED}))
    with pytest.raises(AssertionError, match="M1: F01 is survived in the matrix, failed by itself"):
        list(removed(side))


@pytest.mark.parametrize(("edit", "direction"), [(nothing, Direction.UNCHANGED), (unlike, Direction.INCOMPARABLE)])
def test_a_platform_that_is_green_again_is_compared_with_itself(
    tmp_path: Path, edit: Edit, direction: Direction
) -> None:
    side = reported(played(tmp_path, BOTH, again=edit))
    ((after, before, again),) = green_again(side)
    found = directions(answered(side, before, again))
    assert (after, found) == ("M1", {"F01": direction, "F02": Direction.UNCHANGED})
