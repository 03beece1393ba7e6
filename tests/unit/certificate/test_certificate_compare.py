"""Two releases compared: a control that is gone is looser every time, and another run of the same is nothing."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.certificates import (
    FAILED,
    NO_SURFACE_LEFT,
    PLATFORM,
    Edit,
    Weather,
    allowed,
    given_pair,
    nothing,
    pair,
    release,
)

from conformance import catalog
from conformance.bootstrap.mutants import MUTANTS
from conformance.certificate.compare import Reported, compare
from conformance.certificate.compose import compose
from conformance.certificate.folder import given_by
from conformance.certificate.schema import Answer, Change, Comparison, Direction, Limit
from conformance.certificate.signals import signals
from conformance.certificate.steady import steady
from conformance.errors import InputError
from conformance.model import Control, Level, Outcome, Plane
from conformance.report.schema import EvidenceFile
from conformance.report.write import load_report

CHECKS = {entry.check.id: entry.check for entry in catalog.listed()}
KILLERS = {mutant: sorted(c.id for c in CHECKS.values() if mutant in c.kills) for mutant in MUTANTS}


def compared(folders: tuple[Path, Path]) -> Comparison:
    before, after = (Reported(load_report(folder), folder) for folder in folders)
    return compare(before, after)


def only(comparison: Comparison) -> Change:
    (row,) = comparison.rows
    return row


def test_a_no_names_every_check_that_fails_for_the_first_time(tmp_path: Path) -> None:
    """That a check fails without its control is shown on platforms: tests/certification."""
    edits: dict[str, Any] = dict.fromkeys(("F01", "A01"), FAILED)
    certificate = compose(given_pair(tmp_path, {**edits, "Z99": nothing}))
    assert certificate.may_upgrade is Answer.NO
    assert [row.key for row in certificate.comparison.of(Direction.LOOSER)] == ["A01", "F01"]
    assert certificate.comparison.counts[Direction.UNCHANGED] == 1
    assert list(certificate.reasons) == [
        f"{key} in staging is looser: what {key} says holds: result: passed before, failed after"
        for key in ("A01", "F01")
    ]


def test_every_control_that_a_judged_check_names_is_among_them() -> None:
    seen = {CHECKS[check].control for checks in KILLERS.values() for check in checks}
    assert {check.control for check in CHECKS.values() if check.level is not Level.PROVISIONAL} <= seen
    assert seen <= set(Control)


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_that_passes_on_an_attack_that_went_through_is_looser(tmp_path: Path, check: str) -> None:
    """Evidence decides, also where the check has gone blind and says that it passed."""
    row = only(compared(pair(tmp_path, {check: allowed})))
    assert (row.direction, row.after) == (Direction.LOOSER, "passed")
    assert {difference.aspect for difference in row.differences} == {"decision"}


@pytest.mark.parametrize("seed", range(20))
def test_another_run_of_an_unchanged_pair_shows_no_difference(tmp_path: Path, seed: int) -> None:
    certificate = compose(given_pair(tmp_path, dict.fromkeys(("A01", "B01", "C01", "F01", "G01"), nothing), seed))
    assert {row.direction for row in certificate.comparison.rows} == {Direction.UNCHANGED}
    assert not [row for row in certificate.comparison.rows if row.differences or row.notes]
    assert (certificate.may_upgrade, certificate.reasons) == (Answer.YES, ())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_no_run_leaves_anything_volatile_in_a_text(one: int, other: int) -> None:
    texts = [
        steady(
            f"Applied revision: main@sha1:{weather.sha} at {weather.time}, {weather.port}ms, uid {weather.uid}, "
            f"web-{weather.pod} on 10.0.{weather.port % 256}.7:{weather.port}, /tmp/{weather.run}/clone/x, "
            f"../../../home/me/state/{weather.run}/y, listener {weather.port + 10_000}"
        )
        for weather in (Weather(one), Weather(other))
    ]
    assert texts[0] == texts[1]


def test_where_a_run_had_its_temporary_files_is_no_difference() -> None:
    inside = "kustomize-controller/kustomization-1234567/base: no such file"
    on_disk, in_memory = "/home/me/runs/x/scratch/staging", "/dev/shm/flux-tenancy-0123456789abcdef/staging"
    assert steady(f"open {on_disk}/{inside}") == steady(f"open {in_memory}/{inside}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('namespaces "b27-a" is forbidden', 'namespaces "c21-a" is forbidden'),
        ('User "system:serviceaccount:a:flux"', 'User "system:serviceaccount:b:flux"'),
        ("policy 'guard-sources'", "policy 'flux-tenant-sources'"),
        ("v1.9.3", "v1.9.5"),
        ("status 403", "status 404"),
        ("https://example.com/a", "https://example.com/b"),
    ],
)
def test_what_means_something_stays(one: str, other: str) -> None:
    assert steady(one) != steady(other)


def reason(known: dict[str, Any]) -> None:
    known["conditions"]["status"]["conditions"][0]["reason"] = "ReconciliationFailed"


def words(known: dict[str, Any]) -> None:
    known["conditions"]["status"]["conditions"][0]["message"] = "no access, as ever"


def by_the_platform(known: dict[str, Any]) -> None:
    known["audit"]["user"] = PLATFORM


def by_another(known: dict[str, Any]) -> None:
    known["audit"]["user"] = "system:serviceaccount:shared-b:flux"


def unseen(known: dict[str, Any]) -> None:
    del known["audit"]


def harmed(known: dict[str, Any]) -> None:
    known["harm"] = {"kind": "ConfigMap"}


def one_of_two(known: dict[str, Any], said: str, *accepted: str) -> None:
    """Let the denial have one of several reasons that the check takes for the same decision."""
    state = known["conditions"]
    state["status"]["conditions"][0]["reason"] = said
    name = f"{state['metadata']['namespace']}/{state['kind']}/{state['metadata']['name']}"
    known["denied"] = {"object": name, "reason": said, "accepted": sorted(accepted)}


@pytest.mark.parametrize(
    ("was", "now", "direction"),
    [
        (("A", "A", "B"), ("B", "A", "B"), Direction.UNCHANGED),
        (("B", "A", "B"), ("A", "A", "B"), Direction.UNCHANGED),
        (("A", "A", "B"), ("A", "A", "B", "C"), Direction.INCOMPARABLE),
        (("A", "A", "B"), ("C", "A", "B"), Direction.INCOMPARABLE),
    ],
)
def test_reasons_that_the_check_takes_for_one_decision_are_no_difference(
    tmp_path: Path, was: tuple[str, ...], now: tuple[str, ...], direction: Direction
) -> None:
    folders = [
        release(tmp_path / name, name, seed, {"F01": lambda known, said=said: one_of_two(known, *said)})
        for seed, (name, said) in enumerate({"2.9.2": was, "2.9.5": now}.items())
    ]
    row = only(compared((folders[0], folders[1])))
    assert row.direction is direction
    if direction is Direction.UNCHANGED:  # and which of them it was is said
        assert f"'{was[0]}: " in row.notes[0]
        assert f"'{now[0]}: " in row.notes[0]


def test_an_attack_that_is_let_in_is_no_matter_of_its_reason(tmp_path: Path) -> None:
    def let_in(known: dict[str, Any]) -> None:
        one_of_two(known, "A", "A", "B")
        known["conditions"]["status"]["conditions"][0]["status"] = "True"

    before = release(tmp_path / "1", "2.9.2", 1, {"F01": lambda known: one_of_two(known, "B", "A", "B")})
    after = release(tmp_path / "2", "2.9.5", 2, {"F01": let_in})
    assert only(compared((before, after))).direction is Direction.LOOSER


def looked(*found: str) -> Edit:
    def edit(known: dict[str, Any]) -> None:
        known["found"] = {"what": "a tenant is bound elsewhere", "found": list(found)}

    return edit


def undecided(known: dict[str, Any]) -> None:
    known["conditions"]["status"]["conditions"][0]["status"] = "Unknown"


@pytest.mark.parametrize(
    ("edit", "direction", "aspect"),
    [
        (reason, Direction.INCOMPARABLE, "reason"),
        (by_the_platform, Direction.LOOSER, "identity"),
        (by_another, Direction.INCOMPARABLE, "identity"),
        (unseen, Direction.INCOMPARABLE, "evidence"),
        (harmed, Direction.LOOSER, "harm"),
        (undecided, Direction.LOOSER, "decision"),
        (looked("a binding"), Direction.LOOSER, "evidence"),
        (looked(), Direction.INCOMPARABLE, "evidence"),
        ({"planes": (Plane.CONDITION,)}, Direction.INCOMPARABLE, "planes"),
        ({"denial": False}, Direction.LOOSER, "decision"),
        ({"outcome": Outcome.ERROR}, Direction.INCOMPARABLE, "result"),
        ({"outcome": Outcome.SKIPPED}, Direction.INCOMPARABLE, "result"),
        ({"outcome": Outcome.UNSUPPORTED}, Direction.INCOMPARABLE, "result"),
        ({"level": Level.HARDENED}, Direction.INCOMPARABLE, "check"),
        ({"statement": "another one"}, Direction.INCOMPARABLE, "check"),
        (FAILED, Direction.LOOSER, "result"),
    ],
)
def test_each_aspect_has_its_direction(tmp_path: Path, edit: Any, direction: Direction, aspect: str) -> None:
    row = only(compared(pair(tmp_path, {"F01": edit})))
    assert (row.direction, row.differences[0].aspect) == (direction, aspect)


@pytest.mark.parametrize(
    ("edit", "direction"),
    [
        (allowed, Direction.STRICTER),
        (by_the_platform, Direction.STRICTER),
        (FAILED, Direction.STRICTER),
        ({"denial": False}, Direction.STRICTER),
        (harmed, Direction.UNCHANGED),
    ],
)
def test_the_other_way_round_it_is_stricter(tmp_path: Path, edit: Any, direction: Direction) -> None:
    before, after = pair(tmp_path, {"F01": edit})
    assert only(compared((after, before))).direction is direction


def test_another_wording_is_noted_and_decides_nothing(tmp_path: Path) -> None:
    row = only(compared(pair(tmp_path, {"F01": words})))
    assert (row.direction, row.differences) == (Direction.UNCHANGED, ())
    assert "no access, as ever" in row.notes[0]


@pytest.mark.parametrize(
    ("was", "now", "limit", "answer"),
    [
        (Outcome.FAILED, Outcome.PASSED, Limit.CLOSES, Answer.YES),
        (Outcome.PASSED, Outcome.FAILED, Limit.OPENS, Answer.NO),
        (Outcome.FAILED, Outcome.FAILED, None, Answer.YES),
    ],
)
def test_a_limit_closes_and_opens(tmp_path: Path, was: Outcome, now: Outcome, limit: Limit, answer: Answer) -> None:
    known = {"level": Level.PROVISIONAL, "denial": False, "planes": (), "evidence": ()}
    release(tmp_path / "a", "2.9.2", 1, {"J10": {**known, "outcome": was}, "F01": nothing})
    release(tmp_path / "b", "2.9.5", 2, {"J10": {**known, "outcome": now}, "F01": nothing})

    certificate = compose(given_by(tmp_path / "a", tmp_path / "b", NO_SURFACE_LEFT))
    assert certificate.may_upgrade is answer
    assert [row.limit for row in certificate.comparison.rows if row.key == "J10"] == [limit]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "kind"}, "provider embedded and kind"),
        ({"bootstrap": "operator"}, "bootstrap cli and operator"),
        ({"fleet": "own"}, "fleet reference and own"),
        ({"kubernetes_version": "v1.36.4"}, "Kubernetes v1.36.3 and v1.36.4"),
    ],
)
def test_reports_that_differ_in_more_are_refused(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compared(pair(tmp_path, {"F01": nothing}, **fields))


def test_other_selections_are_refused(tmp_path: Path) -> None:
    before = release(tmp_path / "a", "2.9.2", 1, {"F01": nothing, "F02": nothing})
    every = frozenset({"staging/F01", "staging/F02"})
    after = release(tmp_path / "b", "2.9.5", 1, {"F01": nothing}, catalog=every)
    with pytest.raises(InputError, match=r"selected in one of them only \(staging/F02\)"):
        compared((before, after))


def test_a_result_that_one_side_lacks_is_incomparable(tmp_path: Path) -> None:
    before = release(tmp_path / "a", "2.9.2", 1, {"F01": nothing, "F02": nothing})
    both = {
        "catalog": frozenset({"staging/F01", "staging/F02"}),
        "expected_keys": frozenset({"staging/F01", "staging/F02"}),
    }
    after = release(tmp_path / "b", "2.9.5", 1, {"F01": nothing}, **both)
    found = {row.key: row for row in compared((before, after)).rows}
    assert (found["F02"].direction, found["F02"].after) == (Direction.INCOMPARABLE, "no result")


def test_what_neither_platform_can_show_is_said_and_decides_nothing(tmp_path: Path) -> None:
    unable = {"outcome": Outcome.UNSUPPORTED, "evidence": (), "planes": (), "denial": False, "level": Level.PROVISIONAL}
    before = release(tmp_path / "a", "2.9.2", 1, {"E01": unable})
    after = release(tmp_path / "b", "2.9.5", 1, {"E01": unable})
    assert only(compared((before, after))).direction is Direction.NOT_SHOWN


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text("kind: Kustomization\n"),
        lambda file: file.unlink(),
        lambda file: (file.rename(file.with_suffix(".x")), file.symlink_to("/etc/hostname")),
    ],
)
def test_evidence_that_is_not_the_reports_is_refused(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    before, after = pair(tmp_path, {"F01": nothing})
    spoil(next((after / "evidence").rglob("*conditions*")))
    with pytest.raises(InputError):
        compared((before, after))


def test_a_stale_condition_is_no_signal(tmp_path: Path) -> None:
    def stale(known: dict[str, Any]) -> None:
        known["conditions"]["metadata"]["generation"] = 2

    folder = release(tmp_path, "2.9.2", 1, {"F01": stale})
    row = load_report(folder).results[0]
    assert {signal.plane for signal in signals(row, folder)} == {"answer", "audit"}


def test_words_beside_the_evidence_are_no_signal_and_need_not_be_yaml(tmp_path: Path) -> None:
    folder = release(tmp_path, "2.9.2", 1, {"F01": nothing})
    row = load_report(folder).results[0]
    words = b'pods "x" is forbidden: violates PodSecurity "restricted": host namespaces (hostNetwork=true)\n'
    (folder / "evidence" / "words.txt").write_bytes(words)
    file = EvidenceFile(path="evidence/words.txt", sha256=hashlib.sha256(words).hexdigest(), kind="conditions")
    assert signals(row.model_copy(update={"evidence": [*row.evidence, file]}), folder) == signals(row, folder)
