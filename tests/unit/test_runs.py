"""Folders of runs: a dead owner's is reaped, a live one's is left alone."""

import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conformance import runs
from conformance.errors import InputError
from conformance.kube.wait import eventually
from conformance.process import Supervisor, processes_of_run
from conformance.process_identity import own_identity
from conformance.runs import RunFolder, open_run, port_lock, reap

DEAD = {"pid": 2**22 + 1, "create_time": 1.0}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor("dead-run")
    yield made
    made.stop_all()


def left_behind(state: Path, record: object = DEAD, name: str = "dead-run") -> Path:
    folder = state / "runs" / name
    folder.mkdir(parents=True)
    if record is not None:
        (folder / "run.json").write_text(record if isinstance(record, str) else json.dumps(record))
    return folder


def test_a_run_has_a_private_folder_and_removes_it(state: Path) -> None:
    folder = open_run("mine")
    assert folder.path == state / "runs" / "mine"
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.sub("a", "b").stat().st_mode) == 0o700
    folder.remove()
    assert not folder.path.exists()
    folder.remove()


def test_the_folder_of_a_dead_owner_goes_with_its_processes(state: Path, supervisor: Supervisor) -> None:
    folder = left_behind(state)
    argv = [sys.executable, "-c", "import signal; signal.pause()"]
    service = supervisor.start("orphan", argv, log=folder / "log", env={})
    # Popen returns when exec closes its pipe; the kernel shows the new environment a moment later.
    eventually(lambda: processes_of_run("dead-run"), bool, timeout_s=10, what="the orphan carries the run's id")
    open_run("next").remove()
    assert not folder.exists()
    assert not service.alive
    assert processes_of_run("dead-run") == []


@pytest.mark.parametrize("record", [None, "", "{}", "[]", '{"pid": "x", "create_time": 1}'])
def test_a_folder_without_a_usable_record_is_a_dead_one_s(state: Path, record: str | None) -> None:
    folder = left_behind(state, record)
    assert reap(state / "runs") == ["dead-run"]
    assert not folder.exists()


def test_the_folder_of_a_live_owner_is_left_alone(state: Path) -> None:
    pid, began = own_identity()
    ours = left_behind(state, {"pid": pid, "create_time": 1.0, "started": began}, "live-run")
    earlier = left_behind(state, {"pid": pid, "create_time": psutil.Process().create_time()}, "of-an-earlier-version")
    open_run("next").remove()
    assert ours.is_dir()
    assert earlier.is_dir()


def test_a_process_that_only_has_the_same_id_is_no_owner(state: Path) -> None:
    pid, began = psutil.Process().pid, psutil.Process().create_time()
    other = f"{str(own_identity()[1]).partition(':')[0]}:1"
    folder = left_behind(state, {"pid": pid, "create_time": began, "started": other})
    earlier = left_behind(state, {"pid": pid, "create_time": began - 3600}, "of-an-earlier-version")
    open_run("next").remove()
    assert not folder.exists()
    assert not earlier.exists()


def test_what_is_no_folder_is_left_alone(state: Path) -> None:
    (state / "runs").mkdir(parents=True)
    (state / "runs" / "note.txt").touch()
    assert reap(state / "runs") == []
    assert (state / "runs" / "note.txt").exists()


def test_a_state_folder_that_cannot_be_written(state: Path) -> None:
    state.touch()
    with pytest.raises(InputError, match="cannot make the run's folder") as caught:
        open_run("mine")
    assert "FLUX_TENANCY_STATE" in caught.value.hint


def test_a_lock_file_that_a_dead_process_left_does_not_block(state: Path) -> None:
    (state / "runs").mkdir(parents=True)
    (state / "runs" / ".lock").touch()
    (state / "ports.lock").touch()
    folder: list[RunFolder] = []
    thread = threading.Thread(target=lambda: folder.append(open_run("mine")), daemon=True)
    thread.start()
    thread.join(10)
    assert folder
    with port_lock():
        folder[0].remove()


def test_the_record_names_this_process(state: Path) -> None:
    folder = open_run("mine")
    record = json.loads((folder.path / "run.json").read_text())
    assert (record["pid"], record["started"]) == own_identity()
    assert record["create_time"] == pytest.approx(psutil.Process().create_time(), abs=5)  # for earlier versions
    assert runs._owner_lives(folder.path)
    folder.remove()


def test_scratch_lies_in_memory_and_goes_with_its_run(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(runs, "_MEMORY", memory)
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 1)
    folder = open_run("mine")
    scratch = folder.scratch("staging")
    assert scratch.parent.parent == memory
    assert stat.S_IMODE(scratch.stat().st_mode) == stat.S_IMODE(scratch.parent.stat().st_mode) == 0o700
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 2**62)
    assert folder.scratch("staging") == scratch, "also when it is full now"
    folder.remove()
    assert list(memory.iterdir()) == []


def test_what_a_dead_run_left_in_memory_is_removed(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(runs, "_MEMORY", memory)
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 1)
    path = left_behind(state)
    (RunFolder(path.name, path).scratch("staging") / "file").touch()
    open_run("next").remove()
    assert list(memory.iterdir()) == []


def test_scratch_lies_below_the_run_where_nothing_in_memory_may_be_executed(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = os.statvfs(tmp_path)
    monkeypatch.setattr(runs, "_MEMORY", tmp_path)
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 1)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*seen[:8], seen.f_flag | os.ST_NOEXEC, seen[9]]))
    folder = open_run("mine")
    assert folder.scratch("staging") == folder.path / "scratch" / "staging"
    folder.remove()


@pytest.mark.parametrize("memory", ["not-there", "."], ids=["none", "full"])
def test_scratch_lies_below_the_run_where_memory_has_no_room(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    monkeypatch.setattr(runs, "_MEMORY", tmp_path / memory)
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 2**62)
    folder = open_run("mine")
    scratch = folder.scratch("staging")
    assert scratch == folder.path / "scratch" / "staging"
    monkeypatch.setattr(runs, "_MEMORY_BYTES", 0)
    assert folder.scratch("staging") == scratch, "also when there is room now"
    folder.remove()
