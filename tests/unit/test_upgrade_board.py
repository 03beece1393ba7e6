"""The fate of an attack: who may say what of it, and that an escape is never taken back."""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.attacks import KINDS

from conformance.evidence import EvidenceFolder
from conformance.timeline import Fate
from conformance.upgrading.board import Board, Open
from conformance.upgrading.kinds import Kind

FOREIGN, ADMITTED = KINDS["foreign-source"], KINDS["disallowed-source"]
DENIED = {"status": "False", "reason": "AccessDenied", "message": "cross-namespace references have been blocked: x"}


@pytest.fixture
def clock() -> Iterator[float]:
    return (float(second) for second in count(100))


@pytest.fixture
def board(tmp_path: Path, clock: Iterator[float]) -> Board:
    return Board(EvidenceFolder(tmp_path, "evidence/staging/upgrade", str), now=lambda: next(clock))


def judged(kind: Kind, name: str, *, generation: int = 1, **ready: Any) -> dict[str, Any]:
    manifest = dict(kind.manifest(name))
    manifest["metadata"] = {**manifest["metadata"], "generation": generation}
    return {**manifest, "status": {"conditions": [{"type": "Ready", "observedGeneration": 1, **ready}]}}


def loot(attack: Open) -> dict[str, Any]:
    trace = attack.trace
    metadata = {"name": trace.name, "namespace": trace.namespace}
    return {"apiVersion": trace.api_version, "kind": trace.kind, "metadata": metadata}


def test_a_denial_counts_with_its_reason_and_all_its_words(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(judged(FOREIGN, "u-1", **DENIED))
    assert (attack.fate, attack.at, attack.judged_at) == (Fate.DENIED, 100.0, 101.0)
    assert "AccessDenied" in attack.said


@pytest.mark.parametrize(
    "ready",
    [
        {**DENIED, "reason": "ArtifactFailed"},
        {**DENIED, "message": "source is not ready"},
        {**DENIED, "status": "Unknown"},
        {**DENIED, "observedGeneration": 0},
    ],
)
def test_anything_else_than_the_controls_own_denial_leaves_it_pending(board: Board, ready: dict[str, Any]) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(judged(FOREIGN, "u-1", **ready))
    assert (attack.fate, attack.judged_at) == (Fate.PENDING, None)


def test_an_attack_that_becomes_ready_has_passed(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(judged(FOREIGN, "u-1", status="True", reason="ReconciliationSucceeded", message="Applied"))
    assert attack.fate is Fate.PASSED


def test_its_loot_alone_is_enough(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(loot(attack))
    assert (attack.fate, attack.said) == (Fate.PASSED, "shared-a/ConfigMap/f01-loot-u-1 exists")


def test_what_was_denied_may_pass_later_and_never_the_other_way_round(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(judged(FOREIGN, "u-1", **DENIED))
    board.see(loot(attack))
    board.see(judged(FOREIGN, "u-1", **DENIED))
    board.denied(attack, "denied again", None)
    assert attack.fate is Fate.PASSED
    assert attack.judged_at == 102.0


def test_a_denial_that_comes_again_keeps_its_first_moment(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    board.see(judged(FOREIGN, "u-1", **DENIED))
    board.see(judged(FOREIGN, "u-1", **DENIED))
    assert attack.judged_at == 101.0


def test_attacks_of_other_names_are_other_attacks(board: Board) -> None:
    first, second = board.enter(FOREIGN, "u-1"), board.enter(FOREIGN, "u-2")
    board.see(judged(FOREIGN, "u-2", **DENIED))
    assert (first.fate, second.fate) == (Fate.PENDING, Fate.DENIED)


def test_an_object_that_admission_should_have_refused_has_passed_when_it_is_there(board: Board) -> None:
    attack = board.enter(ADMITTED, "u-1")
    board.see(judged(ADMITTED, "u-1", status="False", reason="Failed", message="whatever"))
    assert attack.fate is Fate.PASSED


def test_who_waits_for_a_judgement_is_woken_by_it(board: Board) -> None:
    attack = board.enter(FOREIGN, "u-1")
    waiter = threading.Thread(target=board.await_all, args=(30.0,))
    waiter.start()
    board.see(judged(FOREIGN, "u-1", **DENIED))
    waiter.join(10.0)
    assert not waiter.is_alive()
    board.await_judgement(attack, 0.0)


def test_nobody_waits_for_a_controller_where_the_api_server_judges(board: Board) -> None:
    board.enter(ADMITTED, "u-1")
    waiter = threading.Thread(target=board.await_all, args=(30.0,))
    waiter.start()
    waiter.join(10.0)
    assert not waiter.is_alive()


def test_evidence_is_kept_of_the_first_denial_of_a_kind_and_of_all_that_was_not_denied(
    board: Board, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        board.enter(FOREIGN, f"u-{number}")
        board.see(judged(FOREIGN, f"u-{number}", **DENIED))
    passed, pending = board.enter(FOREIGN, "u-4"), board.enter(FOREIGN, "u-5")
    board.see(loot(passed))
    board.unclear(pending, "nobody answered")
    board.keep_evidence()
    kept = {one.target: one.evidence for one in board.records()}
    assert [bool(kept[f"shared-a/Kustomization/u-{number}"]) for number in range(1, 6)] == [
        True,
        False,
        False,
        True,
        True,
    ]
    assert "nobody answered" in (tmp_path / kept["shared-a/Kustomization/u-5"]).read_text()
