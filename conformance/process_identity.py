"""Which process this was: its id, and when it began, told so that no step of the clock makes it another one."""

import os
import re
from pathlib import Path

import psutil

Started = str | float
"""When a process began. On Linux the boot's id and the ticks since that boot, which nobody sets anew. Elsewhere, and in
records of earlier versions, seconds since the epoch."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the kernel (Linux Documentation/admin-guide/sysctl/kernel.rst, random)."""
_PROC = Path("/proc")
_START_TICKS = 19
"""Place of `starttime` behind the program's name, which may have spaces: field 22, the name is 2 (proc_pid_stat(5))."""
_TOKEN = re.compile(r"[0-9a-f-]{36}:\d+")
_TOLERANCE_S = 30.0
"""Seconds since the epoch move with the clock. Within these a stranger would have to begin with the same id."""


def own_identity() -> tuple[int, Started]:
    """Return this process's id and its start, as `same_process_lives` takes them; both go into JSON."""
    pid = os.getpid()
    return pid, _token(pid) or psutil.Process().create_time()


def read_start(value: object) -> Started:
    """Return the start of a process as a record has it, of this version or of an earlier one.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"{value!r} is no start of a process")


def same_process_lives(pid: int, started: Started) -> bool:
    """Whether the process that had this id *and* this start still lives."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False  # dead, but nobody waits for it, as in a container without an init
        if isinstance(started, str):
            return _token(pid) == started
        return abs(process.create_time() - started) < _TOLERANCE_S
    except psutil.Error:
        return False


def _token(pid: int) -> str:
    """Return when a process began; empty where the kernel does not say, or the process is gone."""
    try:
        boot = _BOOT_ID.read_text().strip()
        ticks = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[_START_TICKS]
    except (OSError, IndexError):
        return ""
    token = f"{boot}:{ticks}"
    return token if _TOKEN.fullmatch(token) else ""
