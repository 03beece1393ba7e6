"""The host's git: found, new enough, and kept away from the user's own configuration."""

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.errors import InputError, ProcessError
from conformance.process import run
from conformance.settings import environment

MINIMUM = (2, 32)
"""GIT_CONFIG_COUNT came with 2.31, GIT_CONFIG_GLOBAL with 2.32."""
_TIMEOUT_S = 20.0
_INSTALL = f"install git {MINIMUM[0]}.{MINIMUM[1]} or newer with the package manager of this machine, then run again"


@dataclass(frozen=True, slots=True)
class GitBinary:
    """A usable git and its CGI program."""

    path: Path
    version: str
    http_backend: Path


def require_git() -> GitBinary:
    """Return the git on PATH.

    Raises:
        InputError: none there, one that is too old, or one without `git http-backend`.
    """
    return _require_git(environment().get("PATH", ""))


@cache
def _require_git(search_path: str) -> GitBinary:
    found = shutil.which("git", path=search_path)
    if found is None:
        raise InputError("no 'git' on PATH: the suite serves and pushes its repositories with it", hint=_INSTALL)
    try:
        said = run([found, "version"], timeout_s=_TIMEOUT_S).stdout.strip()
        programs = run([found, "--exec-path"], timeout_s=_TIMEOUT_S).stdout.strip()
    except ProcessError as error:
        raise InputError(f"'{found}' does not run: {error.what}", hint=_INSTALL) from error
    version = parse_version(said)
    if version < MINIMUM:
        raise InputError(f"'{found}' is too old: it says '{said}', needed is {MINIMUM[0]}.{MINIMUM[1]}", hint=_INSTALL)
    backend = Path(programs) / "git-http-backend"
    if not backend.is_file():
        raise InputError(
            f"git has no http-backend: '{backend}' is not there",
            hint="install the package that carries it (git-daemon on Alpine, git-core elsewhere), then run again",
        )
    return GitBinary(Path(found), said.removeprefix("git version "), backend)


def parse_version(text: str) -> tuple[int, int]:
    """Return major and minor of `git version 2.39.5 (Apple Git-154)`; (0, 0) when there is none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def isolated_environment(home: Path) -> dict[str, str]:
    """Return variables that hide the system's and the user's git configuration, and that never ask anybody."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
