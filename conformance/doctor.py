"""Looks at the machine: what a run needs, and whether it is there."""

import platform
import shutil
import sys
from dataclasses import dataclass

import psutil

from conformance.errors import ConformanceError
from conformance.repos.git_binary import require_git
from conformance.settings import cache_dir, state_dir
from conformance.toolchain import cached_tools
from conformance.toolchain.golang import find_go

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


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")


def _system() -> Finding:
    seen = f"{platform.system()} {platform.machine()}"
    return Finding("system", platform.system() == "Linux", seen, "the embedded provider runs on Linux only")


def _git() -> Finding:
    try:
        git = require_git()
    except ConformanceError as error:
        return Finding("git", False, str(error), "install git 2.30 or newer")
    return Finding("git", True, str(git.path), "")


def _go() -> Finding:
    try:
        go = find_go()
    except ConformanceError as error:
        return Finding("Go", False, str(error), "pip install 'flux-tenancy-conformance[toolchain]'")
    return Finding("Go", True, str(go), "")


def _memory() -> Finding:
    total = psutil.virtual_memory().total / GIB
    return Finding("memory", total >= MIN_MEMORY_GIB, f"{total:.0f} GiB", f"{MIN_MEMORY_GIB} GiB are needed")


def _disk() -> Finding:
    place = next(p for p in (cache_dir(), *cache_dir().parents) if p.exists())
    free = shutil.disk_usage(place).free / GIB
    need = 2 if cached_tools(cache_dir()) else MIN_DISK_GIB
    return Finding(
        f"free disk at {place}", free >= need, f"{free:.0f} GiB", f"{need} GiB are needed; FLUX_TENANCY_CACHE moves it"
    )


def _cache() -> Finding:
    tools = cached_tools(cache_dir())
    return Finding("toolchain", True, f"{len(tools)} binaries in {cache_dir()}", "")


def _runs() -> Finding:
    runs = state_dir() / "runs"
    names = [path.name for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []
    return Finding("runs under way or left behind", True, ", ".join(names) or "none", "")
