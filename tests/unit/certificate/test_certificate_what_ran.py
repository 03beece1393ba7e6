"""No yes where it is not known what ran, or where what is new was looked at by nobody."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.certificates import NO_SURFACE_LEFT, call, certified, entry, nothing, pair, release, run_of, upgraded

from conformance.certificate import page
from conformance.certificate.compose import compose
from conformance.certificate.folder import given_by
from conformance.certificate.schema import Answer, Certificate
from conformance.certificate.statement import statement
from conformance.errors import InputError
from conformance.model import Environment
from conformance.surface import Kind, Surface, Waiver
from conformance.timeline import Moved

OWN, TOOL = run_of("2.9.5", ()).binaries
ANOTHER = replace(OWN, tool="helm-controller", binary_sha256="ef" * 32)
BEFORE, AFTER = NO_SURFACE_LEFT


def composed(folders: tuple[Path, Path], later: Surface = AFTER, upgrade: Path | None = None) -> Certificate:
    return compose(given_by(*folders, (BEFORE, later), upgrade))


@pytest.mark.parametrize(
    ("binaries", "said"),
    [
        ((TOOL,), "the report of Flux 2.9.5 names no controller: nobody knows what ran"),
        ((OWN, ANOTHER), "helm-controller ran on one side only"),
        (
            (replace(OWN, binary_sha256=""),),
            "the report of Flux 2.9.5 has no digest of kustomize-controller v2.9.5",
        ),
        (
            (replace(OWN, binary_sha256=run_of("2.9.2", ()).binaries[0].binary_sha256),),
            "kustomize-controller v2.9.2 and v2.9.5 have one digest: the same binary ran on both sides",
        ),
    ],
)
def test_what_ran_is_known_and_another_on_each_side(tmp_path: Path, binaries: Any, said: str) -> None:
    known = composed(pair(tmp_path, {"F01": nothing}, binaries=binaries))
    assert (known.may_upgrade, known.reasons) == (Answer.INCONCLUSIVE, (said,))
    subjects = json.loads(statement(known, {}))["subject"]
    assert all(one["digest"]["sha256"] for one in subjects)


def test_the_same_binary_of_one_version_is_no_doubt(tmp_path: Path) -> None:
    binaries = run_of("2.9.2", ()).binaries
    assert composed(pair(tmp_path, {"F01": nothing}, binaries=binaries)).may_upgrade is Answer.YES


@pytest.mark.parametrize(("day", "answer"), [(1, Answer.INCONCLUSIVE), (2, Answer.YES)])
def test_a_waiver_that_had_ended_excuses_nothing(tmp_path: Path, day: int, answer: Answer) -> None:
    """The runs began on the second."""
    waiver = Waiver(reason="nobody has looked at it yet", owner="me", expires=dt.date(2026, 11, day))
    later = replace(AFTER, entries=(entry("field K:spec.a", waiver=waiver),))
    known = composed(pair(tmp_path, {"F01": nothing}), later)
    assert known.may_upgrade is answer
    assert page.surface(known).endswith("; 1 that no check looks at by a waiver, 0 without one")
    said = "new surface: the waiver of field K:spec.a ended on 2026-11-01, before the run"
    assert known.reasons == ((said,) if answer is Answer.INCONCLUSIVE else ())


@pytest.mark.parametrize(("checks", "looked"), [(("F01",), True), (("Z01", "F01"), True), (("Z01", "Z02"), False)])
def test_what_is_new_and_nobody_looked_at_here_is_a_reservation(
    tmp_path: Path, checks: tuple[str, ...], looked: bool
) -> None:
    later = replace(AFTER, entries=(*AFTER.entries, entry("field K:spec.new", *checks)))
    known = composed(pair(tmp_path, {"F01": nothing}), later, upgraded(tmp_path))
    assert known.may_upgrade is Answer.YES
    said = "the surface: 1 new entries that no check looked at here (field K:spec.new)"
    assert known.provisional_reasons == (() if looked else (said,))


def test_what_is_new_and_waived_is_a_reservation(tmp_path: Path) -> None:
    waiver = Waiver(reason="nobody has looked at it yet", owner="me", expires=dt.date(2099, 1, 1))
    later = replace(AFTER, entries=(*AFTER.entries, entry("field K:spec.new", waiver=waiver)))
    known = composed(pair(tmp_path, {"F01": nothing}), later, upgraded(tmp_path))
    (said,) = known.provisional_reasons
    assert said == "the surface: 1 new entries that no check looked at here (field K:spec.new)"


def test_what_both_releases_have_is_no_reservation(tmp_path: Path) -> None:
    both = tuple(replace(side, entries=(entry("field K:spec.a", "Z01"),)) for side in NO_SURFACE_LEFT)
    before, after = pair(tmp_path, {"F01": nothing})
    known = compose(given_by(before, after, (both[0], both[1]), upgraded(tmp_path)))
    assert known.provisional_reasons == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"pattern": "^a$"}, {}, "pattern of field K:spec.a: ^a$ before, none after"),
        ({"pattern": "^a$"}, {"pattern": "a"}, "pattern of field K:spec.a: ^a$ before, a after"),
        ({"maxItems": "5"}, {"maxItems": "50"}, "maxItems of field K:spec.a: 5 before, 50 after"),
        ({}, {"pattern": "^a$"}, ""),
        ({"versions": "v1"}, {"versions": "v1, v2"}, ""),
    ],
)
def test_a_bound_that_is_gone_is_a_reservation(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], said: str
) -> None:
    sides = tuple(
        replace(side, entries=(entry("field K:spec.a", "F01", **detail),))
        for side, detail in zip(NO_SURFACE_LEFT, (before, after), strict=True)
    )
    known = compose(given_by(*pair(tmp_path, {"F01": nothing}), (sides[0], sides[1]), upgraded(tmp_path)))
    assert known.provisional_reasons == ((f"the surface: 2.9.5: {said}",) if said else ())


def test_another_default_of_a_flag_is_a_reservation(tmp_path: Path) -> None:
    def side(known: Surface, **detail: str) -> Surface:
        flag = entry("flag x-controller --refs", "F01", controller="x-controller", **detail)
        return replace(known, entries=(replace(flag, kind=Kind.FLAG),))

    sides = side(BEFORE, type="bool"), side(AFTER, type="bool", default="true")
    known = compose(given_by(*pair(tmp_path, {"F01": nothing}), sides, upgraded(tmp_path)))
    said = "the surface: 2.9.5: default of flag x-controller --refs: none before, true after"
    assert known.provisional_reasons == (said,)


def test_the_report_of_an_upgrade_is_no_side_of_its_own(tmp_path: Path) -> None:
    before, _ = pair(tmp_path, {"F01": nothing})
    for sides in ((before, upgraded(tmp_path)), (upgraded(tmp_path), before)):
        with pytest.raises(InputError, match="is the report of an upgrade, which is of two releases"):
            given_by(*sides, NO_SURFACE_LEFT)


@pytest.mark.usefixtures("surfaces")
def test_an_upgrade_of_one_environment_is_none_of_the_other(tmp_path: Path) -> None:
    both = {"environments": (Environment.STAGING, Environment.PRODUCTION)}
    before, after = (release(tmp_path / v, v, n, {"F01": nothing}, **both) for n, v in enumerate(("2.9.2", "2.9.5")))
    upgrade = upgraded(tmp_path, **both)
    known = compose(given_by(before, after, NO_SURFACE_LEFT, upgrade))
    (said,) = [reason for reason in known.reasons if "was not upgraded" in reason]
    assert said.endswith("production was not upgraded")
    assert known.upgrade is not None
    assert said in known.upgrade.doubts


@pytest.mark.parametrize(
    ("runs", "reserved", "reasons"),
    [
        ("v2.9.5", (), ()),
        ("v2.9.2", (), ("the upgrade to 2.9.5 left kustomize-controller at v2.9.2, not at v2.9.5",)),
        ("v2.9.2", ("kustomize-controller v2.9.5 could not be had: v2.9.2 ran in its place",), ()),
    ],
)
def test_an_upgrade_arrives(tmp_path: Path, runs: str, reserved: tuple[str, ...], reasons: tuple[str, ...]) -> None:
    moved = Moved(controller="kustomize-controller", before="v2.9.2", after="v2.9.5", runs=runs)
    upgrade = upgraded(tmp_path, controllers=[moved], stand_ins=reserved)
    later = replace(AFTER, components={"kustomize-controller": "v2.9.5"})
    assert composed(pair(tmp_path, {"F01": nothing}), later, upgrade).reasons == reasons


@pytest.mark.usefixtures("surfaces")
def test_all_this_is_verified_again(tmp_path: Path) -> None:
    assert certified(tmp_path, nothing, "--upgrade", upgraded(tmp_path)).exit_code == 0
    assert call("verify", tmp_path / "c", "--unsigned").exit_code == 0
