"""Commits and pushes; the only module that imports GitPython.

Author, committer and dates are fixed, so the same files give the same commit. The user's git configuration is
neither read nor written, and a password travels in the child's environment only.
"""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from conformance.errors import ServerError
from conformance.repos.access_control import Access, Credential
from conformance.repos.git_binary import isolated_environment, require_git

if TYPE_CHECKING:
    from git import Git

AUTHOR = "flux-tenancy-conformance"
EMAIL = "suite@example.com"
FIRST_COMMIT = datetime(2026, 1, 1, tzinfo=UTC)
BETWEEN_COMMITS = timedelta(minutes=1)


def commit_and_push(
    worktree: Path,
    url: str,
    branch: str = "main",
    message: str = "Initial commit",
    *,
    username: str,
    password: str,
    submodules: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Push a plain folder as the first commit of a branch; the folder itself is left as it is.

    Files that the folder's own .gitignore names are left out, as git leaves them out. `submodules`: path -> commit.

    Raises:
        InputError: no usable git.
        ServerError: the folder holds nothing, or the server refuses the push.
    """
    with tempfile.TemporaryDirectory(prefix="flux-tenancy-push-") as scratch:
        git = _git(Path(scratch), worktree, url, username, password)
        with _explained(f"cannot push '{worktree}' to {url}, branch {branch}"):
            git.init("--quiet", "--template=", f"--initial-branch={branch}")
            git.add("--all", "--", ".")
            for path, commit in submodules.items():
                git.update_index("--add", "--cacheinfo", f"160000,{commit},{path}")
            if not git.ls_files("--cached"):
                raise ServerError(f"'{worktree}' holds no files that could be pushed to {url}")
            return _commit_and_push(git, url, branch, message, number=0)


class TenantRepository:
    """A clone that commits as a tenant would: write, remove, symlink, then commit. Safe to share by threads."""

    def __init__(self, folder: Path, url: str, *, username: str, password: str, branch: str = "main") -> None:
        """Clone the repository into `folder`, which must be empty or missing.

        Raises:
            InputError: no usable git.
            ServerError: the repository or branch cannot be cloned.
        """
        self.folder = folder
        self.url = url
        self.branch = branch
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self._git = _git(folder / ".git", folder, url, username, password)
        with _explained(f"cannot clone {url}, branch {branch}"):
            self._git.init("--quiet", "--template=", f"--initial-branch={branch}")
            self.pull()

    def pull(self) -> None:
        """Take over what others pushed; local changes that were not committed are lost."""
        with self._lock, _explained(f"cannot fetch {self.url}, branch {self.branch}"):
            self._git.fetch("--quiet", self.url, f"+refs/heads/{self.branch}:refs/remotes/origin/{self.branch}")
            self._git.reset("--quiet", "--hard", f"refs/remotes/origin/{self.branch}")

    def write(self, path: str, text: str) -> None:
        """Write a file; folders are made."""
        with self._lock:
            file = self._inside(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)  # a symlink is replaced, not followed
            file.write_text(text)

    def remove(self, path: str) -> None:
        """Remove a file or symlink; harmless when it is gone."""
        with self._lock:
            self._inside(path).unlink(missing_ok=True)

    def symlink(self, path: str, target: str) -> None:
        """Make a symlink to any target, also to one outside: such links are what some checks commit."""
        with self._lock:
            link = self._inside(path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(target)

    def commit(self, message: str) -> str:
        """Commit every change and push; return the new head, or the present one when nothing changed.

        Raises:
            ServerError: the server refuses the push.
        """
        with self._lock, _explained(f"cannot push to {self.url}, branch {self.branch}"):
            self._git.add("--all", "--force", "--", ".")
            if not self._git.status("--porcelain"):
                return self.head()
            number = int(self._git.rev_list("--count", "HEAD"))
            return _commit_and_push(self._git, self.url, self.branch, message, number=number)

    def push_with(self, ssh_command: str, url: str, branch: str) -> str:
        """Push the head to another branch over SSH; return what git said of a refusal, empty when it went through.

        Raises:
            ServerError: no SSH client.
        """
        from git.exc import GitCommandError  # noqa: PLC0415  # see _git

        variables = {"GIT_SSH_COMMAND": ssh_command, "GIT_SSH_VARIANT": "ssh"}
        with self._lock, self._git.custom_environment(**variables):
            try:
                self._git.push("--quiet", url, f"HEAD:refs/heads/{branch}")
            except GitCommandError as error:
                return str(error.stderr)
        return ""

    def push_signed(self, branch: str, sign: Callable[[bytes], str]) -> str:
        """Push the head with a signature to a branch, in place of what was there; return the signed commit.

        Args:
            sign: returns the signature of a commit's bytes, as text.
        """
        with self._lock, _explained(f"cannot push to {self.url}, branch {branch}"):
            plain = str(self._git.cat_file("commit", "HEAD", strip_newline_in_stdout=False))
            head, _, message = plain.partition("\n\n")
            signature = sign(plain.encode()).strip().replace("\n", "\n ")
            with tempfile.TemporaryFile() as file:
                file.write(f"{head}\ngpgsig {signature}\n\n{message}".encode())
                file.seek(0)
                signed = str(self._git.hash_object("-t", "commit", "-w", "--stdin", istream=file))
            self._git.push("--quiet", "--force", self.url, f"{signed}:refs/heads/{branch}")
            return signed

    def has_branch(self, branch: str) -> bool:
        """Whether the server holds a branch."""
        with self._lock, _explained(f"cannot list the branches of {self.url}"):
            return bool(self._git.ls_remote(self.url, f"refs/heads/{branch}"))

    def head(self) -> str:
        """Return the commit that the clone stands on."""
        with self._lock, _explained(f"cannot read the head of '{self.folder}'"):
            return str(self._git.rev_parse("HEAD"))

    def _inside(self, path: str) -> Path:
        parts = Path(path).parts
        if not parts or Path(path).is_absolute() or ".." in parts or parts[0] == ".git":
            raise ServerError(f"'{path}' does not lie inside the repository")
        parent = (self.folder / path).parent.resolve()
        if not parent.is_relative_to(self.folder.resolve()):
            raise ServerError(f"'{path}' leads out of the repository through a symlink")
        return self.folder / path


def _git(git_dir: Path, worktree: Path, url: str, username: str, password: str) -> "Git":
    """Return a GitPython command object that is bound to one repository, whatever the environment says."""
    require_git()
    from git import Git  # noqa: PLC0415  # its import fails without a git on PATH: ask for one in words first

    header = Credential(username=username, password=password, access=Access.WRITE).basic
    home = git_dir / "home"
    git = Git(str(worktree))
    git.update_environment(
        **isolated_environment(home),
        GIT_DIR=str(git_dir),
        GIT_WORK_TREE=str(worktree.resolve()),
        GIT_INDEX_FILE=str(git_dir / "index"),
        GIT_OBJECT_DIRECTORY=str(git_dir / "objects"),
        GIT_AUTHOR_NAME=AUTHOR,
        GIT_AUTHOR_EMAIL=EMAIL,
        GIT_COMMITTER_NAME=AUTHOR,
        GIT_COMMITTER_EMAIL=EMAIL,
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"http.{url}.extraHeader",
        GIT_CONFIG_VALUE_0=f"Authorization: {header}",
    )
    return git


def _commit_and_push(git: "Git", url: str, branch: str, message: str, *, number: int) -> str:
    date = (FIRST_COMMIT + number * BETWEEN_COMMITS).isoformat()
    with git.custom_environment(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date):
        git.commit("--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=verbatim", "--message", message)
    git.push("--quiet", url, f"HEAD:refs/heads/{branch}")
    return str(git.rev_parse("HEAD"))


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    from git.exc import GitCommandError  # noqa: PLC0415  # see _git

    try:
        yield
    except GitCommandError as error:
        said = str(error.stderr or error.stdout).strip().removeprefix("stderr: ").strip("'\n ")
        raise ServerError(f"{what}: git says:\n{said}") from error
