"""The folder of a live run, and the reaper of what a killed run left behind."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from conformance.errors import InputError
from conformance.process import end_processes, processes_of_run
from conformance.process_identity import own_identity, read_start, same_process_lives
from conformance.settings import state_dir

_RECORD = "run.json"
_SCRATCH = "scratch"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the run's own is made in it, mode 0700
_MEMORY_BYTES = 1024**3
"""What must be free there: containers often have 64 MiB. Three platforms under 139 mutants took 131 MiB."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Private working state of one run (mode 0700): kubeconfigs, etcd data, repositories, scratch."""

    run_id: str
    path: Path

    def sub(self, *names: str) -> Path:
        """Return a folder below the run's, made if it is not there."""
        folder = self.path.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def scratch(self, *names: str) -> Path:
        """Return a folder for files that come and go with a run's work: in memory where there is room, else as `sub`.

        kustomize-controller unpacks a repository and removes it again at each reconciliation; pushes and checkouts do
        the same. On ext4 each new file then searches past the inodes that were freed within five seconds
        (ext4: `recently_deleted`).
        """
        if (self.path / _SCRATCH).is_dir() or not (self._scratch.is_dir() or _is_fit(_MEMORY)):
            return self.sub(_SCRATCH, *names)
        self._scratch.mkdir(mode=0o700, exist_ok=True)
        folder = self._scratch.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @property
    def _scratch(self) -> Path:
        # By the path, which no other run has, also with another state folder: whoever reaps the run finds it.
        return _MEMORY / f"flux-tenancy-{hashlib.sha256(str(self.path.absolute()).encode()).hexdigest()[:16]}"

    def memory(self) -> int:
        """Return the resident memory of all processes of this run together, in bytes."""
        total = 0
        for process in processes_of_run(self.run_id):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def remove(self) -> None:
        """End what still runs in this run's name, and remove the folder."""
        end_processes(processes_of_run(self.run_id))
        shutil.rmtree(self._scratch, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def open_run(run_id: str) -> RunFolder:
    """Reap dead runs, then make a folder for this one.

    Raises:
        InputError: the state folder cannot be written.
    """
    runs = state_dir() / "runs"
    path = runs / run_id
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with FileLock(runs / ".lock"):
            reap(runs)
            path.mkdir(mode=0o700)
            pid, started = own_identity()
            record = {"pid": pid, "started": started, "create_time": psutil.Process().create_time()}
            (path / _RECORD).write_text(json.dumps(record))
    except OSError as error:
        raise InputError(
            f"cannot make the run's folder '{path}': {error.strerror}",
            hint="set FLUX_TENANCY_STATE to a folder that you can write, with a few GB free",
        ) from error
    return RunFolder(run_id, path)


def report_folder(wanted: Path | None, run_id: str) -> Path:
    """Make the folder of a run's report; below the wanted one where an earlier report is in it.

    Raises:
        InputError: it cannot be written.
    """
    path = wanted or state_dir() / "reports" / run_id
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"the report's folder '{path}' cannot be written: {error.strerror}",
            hint="give --flux-report a folder that you can write, or set FLUX_TENANCY_STATE to one",
        ) from error
    if (path / "report.yaml").exists() or (path / "evidence").exists():
        path = path / run_id
        path.mkdir()
    return path


def reap(runs: Path) -> list[str]:
    """End the processes and remove the folders of runs whose owner is dead; return their ids."""
    dead = [folder for folder in _folders(runs) if not _owner_lives(folder)]
    for folder in dead:
        RunFolder(folder.name, folder).remove()
    return [folder.name for folder in dead]


@contextlib.contextmanager
def port_lock() -> Iterator[None]:
    """Hold while free ports are chosen and bound, so that two runs never choose the same one."""
    folder = state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "ports.lock"):
        yield


def _is_fit(folder: Path) -> bool:
    """Return whether files may be put here, in plenty, and run from here: containers mount it noexec."""
    try:
        seen = os.statvfs(folder)
        roomy = seen.f_bavail * seen.f_frsize >= _MEMORY_BYTES and not seen.f_flag & os.ST_NOEXEC
        return roomy and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


def _folders(runs: Path) -> list[Path]:
    return [path for path in runs.iterdir() if path.is_dir()]


def _owner_lives(folder: Path) -> bool:
    try:
        record = json.loads((folder / _RECORD).read_text())
        # The earlier versions knew `create_time` alone; they still read it.
        return same_process_lives(int(record["pid"]), read_start(record.get("started", record.get("create_time"))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # killed before it could write its record
