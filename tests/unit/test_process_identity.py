"""A process is told by its id and its start, and no clock makes it another one."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conformance import process_identity
from conformance.kube.wait import eventually
from conformance.process import Supervisor
from conformance.process_identity import Started, own_identity, read_start, same_process_lives
from conformance.settings import environment

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the boot's id and ticks are Linux'")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[psutil.Process]:
    supervisor = Supervisor("20261121T000000Z-abc")
    service = supervisor.start("other", ["sleep", "60"], log=tmp_path / "log", env=environment())
    yield psutil.Process(service.pid)
    supervisor.stop_all()


def test_the_same_process_is_told_by_id_and_start(other: psutil.Process) -> None:
    pid, began = own_identity()
    assert same_process_lives(pid, began)
    assert not same_process_lives(other.pid, began)


@LINUX
def test_no_step_of_the_clock_makes_it_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pid, began = own_identity()
    for step in (-3600.0, 1.5, 86400.0):
        monkeypatch.setattr(psutil.Process, "create_time", lambda _, step=step: 1_800_000_000.0 + step)
        assert own_identity() == (pid, began)
        assert same_process_lives(pid, began)


@LINUX
def test_a_record_of_before_the_machine_was_started_anew_is_of_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pid, began = own_identity()
    (tmp_path / "boot_id").write_text("00000000-0000-4000-8000-000000000000\n")
    monkeypatch.setattr(process_identity, "_BOOT_ID", tmp_path / "boot_id")
    assert not same_process_lives(pid, began)
    assert same_process_lives(*own_identity())


@LINUX
def test_a_name_with_brackets_and_spaces_moves_no_field(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(["S", *map(str, range(4, 53))])
    (tmp_path / "7" / "stat").write_text(f"7 (a) S (9 9) {fields}\n")
    monkeypatch.setattr(process_identity, "_PROC", tmp_path)
    assert process_identity._token(7).partition(":")[2] == "22"


def test_where_the_kernel_does_not_say_seconds_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_identity, "_BOOT_ID", tmp_path / "none")
    pid, began = own_identity()
    assert isinstance(began, float)
    assert same_process_lives(pid, began)


def test_a_record_of_an_earlier_version_is_understood_and_bears_a_step_of_the_clock() -> None:
    pid, began = os.getpid(), read_start(psutil.Process().create_time())
    assert isinstance(began, float)
    assert all(same_process_lives(pid, began + step) for step in (-5.0, 0.0, 5.0))
    assert not same_process_lives(pid, began - 60)


def test_a_start_goes_through_json_and_nothing_else_is_one() -> None:
    _, began = own_identity()
    assert read_start(json.loads(json.dumps(began))) == began
    assert read_start(json.loads("1795000000")) == 1795000000.0
    others: list[object] = [None, True, "", "1795000000.5", "soon", [], {}, "e42fc083:1"]
    for value in others:
        with pytest.raises(ValueError, match="no start of a process"):
            read_start(value)


def test_a_dead_process_that_nobody_waited_for_does_not_live(other: psutil.Process) -> None:
    starts: list[Started] = [process_identity._token(other.pid), other.create_time()]
    assert all(same_process_lives(other.pid, start) for start in starts if start)
    other.kill()
    eventually(lambda: _is_zombie(other), bool, timeout_s=5, what="a zombie")
    assert not any(same_process_lives(other.pid, start) for start in starts)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
