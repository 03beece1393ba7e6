"""Looks at the machine: what a run needs, and whether it is there."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import typer

from conformance.errors import Breakdown
from conformance.repos.git_binary import require_git
from conformance.settings import cache_dir, state_dir
from conformance.toolchain import cached_tools, host_go

MIN_MEMORY_GIB = 4
MIN_DISK_GIB = 26
"""Building the set: 9 GB of modules and up to 17 GB of build cache (docs/adr/0003)."""
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool
    seen: str
    remedy: str


def examine() -> list[Finding]:
    """Return what was found; nothing is changed."""
    return [_python(), _system(), _git(), _go(), _memory(), _disk(), _cache(), _runs()]


def show(finding: Finding) -> bool:
    """Print what was looked at, with the next step where it is not good; return whether it is."""
    typer.echo(f"{'ok ' if finding.good else 'NOT'}  {finding.what}: {finding.seen}")
    if not finding.good:
        typer.echo(f"     next: {finding.remedy}")
    return finding.good


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")


def _system() -> Finding:
    seen = f"{platform.system()} {platform.machine()}"
    return Finding("system", platform.system() == "Linux", seen, "the embedded provider runs on Linux only")


def _git() -> Finding:
    try:
        git = require_git()
    except Breakdown as error:
        return Finding("git", False, error.what, error.hint)
    return Finding("git", True, f"{git.version} at {git.path}", "")


def _go() -> Finding:
    try:
        go = host_go(cache_dir())
    except Breakdown as error:
        # Without Go nothing can be built, and what was built runs all the same.
        return Finding("Go", bool(cached_tools(cache_dir())), error.what, error.hint)
    return Finding("Go", True, f"{go.identity['version']} at {go.binary}", "")


def _memory() -> Finding:
    total = psutil.virtual_memory().total / GIB
    # Of 4 GiB a machine says 3.8 or so: its firmware and kernel took theirs.
    return Finding("memory", round(total) >= MIN_MEMORY_GIB, f"{total:.0f} GiB", f"{MIN_MEMORY_GIB} GiB are needed")


def _disk() -> Finding:
    place = next(p for p in (cache_dir(), *cache_dir().parents) if p.exists())
    free = shutil.disk_usage(place).free / GIB
    need = 2 if cached_tools(cache_dir()) else MIN_DISK_GIB
    return Finding(
        f"free disk at {place}", free >= need, f"{free:.0f} GiB", f"{need} GiB are needed; FLUX_TENANCY_CACHE moves it"
    )


def _cache() -> Finding:
    cache, tools = cache_dir(), cached_tools(cache_dir())
    good = _writable(cache)
    seen = f"{len(tools)} binaries in {cache}" if good else f"{cache} is not a folder that you can write"
    return Finding("toolchain", good, seen, "set FLUX_TENANCY_CACHE to a folder on a disk with space")


def _runs() -> Finding:
    state, runs = state_dir(), state_dir() / "runs"
    names = sorted(path.name for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []
    good = _writable(state)
    seen = (", ".join(names) or "none") if good else f"{state} is not a folder that you can write"
    return Finding("runs under way or left behind", good, seen, "set FLUX_TENANCY_STATE to a folder of yours")


def _writable(folder: Path) -> bool:
    """Whether a folder can be written, or made; nothing is changed."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
