"""Which checks stand by a mutant that they do not claim."""

from dataclasses import replace

from conformance.bootstrap.mutants import MUTANTS
from conformance.catalog import listed
from conformance.harvest import Job
from conformance.model import Check, Control, Environment, Level
from conformance.mutation import BYSTANDERS, bystanders_for, jobs_for
from conformance.settings import PACKAGE_DIR

MUTANT = MUTANTS["M02"]
SCENARIO = PACKAGE_DIR / "checks" / "references" / "f01_foreign_git_source.yaml"


def job(check_id: str, *, kills: str = "M09", level: Level = Level.CORE, exclusive: bool = False) -> Job:
    check = Check(
        id=check_id,
        statement="",
        why="",
        level=level,
        control=Control.NO_REMOTE_BASES,
        kills=(kills,),
        spec="",
        source="",
        environments=frozenset(Environment),
        exclusive=exclusive,
    )
    return Job(check, lambda **_: None, {}, "", SCENARIO)


def test_a_check_that_claims_the_mutant_does_not_stand_by() -> None:
    jobs = [job("G01", kills="M02"), job("A01")]
    assert [one.key for one in jobs_for(MUTANT, jobs)] == ["G01"]
    assert [one.key for one in bystanders_for(MUTANT, jobs, 0, {"G01": 1.0, "A01": 1.0})] == ["A01"]


def test_slow_exclusive_and_provisional_checks_do_not_stand_by() -> None:
    jobs = [job("A01"), job("A02", exclusive=True), job("A03", level=Level.PROVISIONAL), job("A04")]
    assert [one.key for one in bystanders_for(MUTANT, jobs, 0, {"A01": 1.0, "A04": 30.0})] == ["A01"]


def test_all_checks_have_their_turn_and_neighbours_are_of_different_areas() -> None:
    jobs = [job(f"{area}{number:02d}") for area in "ABCDF" for number in range(1, 21)]
    seconds = {one.key: 1.0 for one in jobs}
    turns = len(jobs) // BYSTANDERS + 1
    seen = [bystanders_for(MUTANT, jobs, turn, seconds) for turn in range(turns)]
    assert {one.key for found in seen for one in found} == {one.key for one in jobs}
    assert all(len({one.check.area for one in found}) >= 4 for found in seen)


def test_nobody_stands_by_where_a_mutant_changes_the_ground() -> None:
    jobs = [job("A01")]
    local = replace(MUTANT, local=True)
    assert bystanders_for(local, jobs, 0, {"A01": 1.0}, ["shared-a"]) == []
    assert bystanders_for(local, jobs, 0, {"A01": 1.0}, ["c21-a"]) == jobs
    assert bystanders_for(MUTANT, jobs, 0, {"A01": 1.0}, ["shared-a"]) == jobs


def test_nobody_stands_by_whom_a_mutant_takes_the_way_of_looking() -> None:
    jobs = [job("A01"), job("A02")]
    assert bystanders_for(replace(MUTANT, blinds=frozenset({"A01"})), jobs, 0, {"A01": 1.0, "A02": 1.0}) == jobs[1:]


def test_a_mutant_blinds_no_check_that_kills_it() -> None:
    blinded = {(mutant.id, check) for mutant in MUTANTS.values() for check in mutant.blinds}
    assert blinded == {("M08", "B38"), ("M08", "B40"), ("M25-platform", "B18")}
    kills = {one.check.id: one.check.kills for one in listed()}
    assert not [(mutant, check) for mutant, check in blinded if mutant in kills[check]]


def test_nobody_stands_by_whose_objects_a_mutant_refuses() -> None:
    jobs = [job("A01")]
    assert bystanders_for(replace(MUTANT, refuses=frozenset({"Kustomization"})), jobs, 0, {"A01": 1.0}) == []
    assert bystanders_for(replace(MUTANT, refuses=frozenset({"Pod"})), jobs, 0, {"A01": 1.0}) == jobs
