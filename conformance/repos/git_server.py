"""The suite's web server: git repositories (smart HTTP), plain files, Helm repositories.

/<org>/<name>.git    git, for readers and writers that hold the repository's credential
/raw/<path>          plain files for everybody
/charts/<org>/       Helm repositories for everybody: index.yaml and *.tgz
/events/<path>       takes notifications from everybody, and keeps them
"""

import contextlib
import shutil
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from conformance.errors import ProcessError, ServerError
from conformance.process import run
from conformance.repos.access_control import Access, AccessControl, Credential
from conformance.repos.access_log import AccessLog, Entry
from conformance.repos.git_binary import isolated_environment, require_git
from conformance.repos.http_backend import HttpBackend
from conformance.repos.listener import HOST, Listener
from conformance.repos.recorder import Received, Recorder
from conformance.repos.routes import is_repository_name, repository_name
from conformance.repos.web import Application

if TYPE_CHECKING:
    from conformance.repos.ssh import SshServer

_INIT_TIMEOUT_S = 30.0
_DEFAULT_USERS: Mapping[str, Access] = {"git": Access.WRITE}
_CONFIG = """\
[http]
\treceivepack = true
\tgetanyfile = false
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
[receive]
\tautogc = false
"""
"""Pushes are decided by credentials, no dumb protocol, single commits and partial clones as the large hosts allow
them, and no housekeeping process that outlives its request."""


class GitServer:
    """Serves the repositories below `root` at `host`; writes the access log to `log`."""

    def __init__(self, root: Path, log: Path, *, port: int = 0, run_id: str = "", host: str = HOST) -> None:
        self._git = require_git()
        self._repositories = root / "repositories"
        self._files = root / "files"
        for folder in (self._repositories, self._files):
            folder.mkdir(parents=True, exist_ok=True)
        self._control = AccessControl()
        self._log = AccessLog(log)
        self._run_id = run_id
        self._ssh: SshServer | None = None
        self._ssh_lock = threading.Lock()
        self._recorder = Recorder()
        errors = log.with_name("git-server-errors.log")
        self._listener = Listener(port=port, errors=errors, host=host)
        self._backend = HttpBackend(self._git, self._repositories, log=errors, run_id=run_id)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bind the port and serve from threads of its own.

        Raises:
            InputError: the port that was asked for is in use.
            ServerError: no port can be bound.
        """
        application = Application(
            repositories=self._repositories,
            files=self._files,
            control=self._control,
            log=self._log,
            backend=self._backend,
            recorder=self._recorder,
        )
        self._backend.start()
        self._listener.start(application)

    def stop(self) -> None:
        """Close the port, end all requests and their git processes; harmless when not started."""
        self._backend.stop()
        self._listener.stop()
        with self._ssh_lock:
            ssh, self._ssh = self._ssh, None
        if ssh is not None:
            ssh.stop()

    @property
    def ssh(self) -> "SshServer":
        """The same repositories over SSH; the server is started when it is first asked for.

        Raises:
            ServerError: no port can be bound.
        """
        from conformance.repos.ssh import SshServer  # noqa: PLC0415  # a third of a second, for two checks

        with self._ssh_lock:
            if self._ssh is None:
                made = SshServer(
                    self._git,
                    self._repositories,
                    self._control,
                    self._log,
                    run_id=self._run_id,
                    host=self._listener.host,
                )
                made.start()
                self._ssh = made
            return self._ssh

    @property
    def port(self) -> int:
        """The port, known after the start."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Address of the server, without a trailing slash."""
        return f"http://{self._listener.host}:{self.port}"

    def repository_url(self, path: str) -> str:
        """Return the address of a repository."""
        return f"{self.url}/{repository_name(path)}"

    def create_repository(
        self, path: str, *, credentials: Mapping[str, Access] = _DEFAULT_USERS, public: bool = False
    ) -> Path:
        """Make an empty repository `org/name` with a password for each user; return its bare folder.

        Raises:
            ServerError: the name cannot be served or exists, or git cannot make it.
        """
        folder = self._new_folder(path)
        words = ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(folder)]
        try:
            run([self._git.path, *words], timeout_s=_INIT_TIMEOUT_S, env=isolated_environment(self._repositories))
        except ProcessError as error:
            raise ServerError(f"cannot make repository '{path}': {error.what}", hint="is the disk full?") from error
        with (folder / "config").open("a") as config:
            config.write(_CONFIG)
        self._control.add(repository_name(path), credentials, public=public)
        return folder

    def clone_repository(
        self, source: str, path: str, *, credentials: Mapping[str, Access] = _DEFAULT_USERS, public: bool = False
    ) -> Path:
        """Make a repository with the branches and commits of another, by copying files: a few milliseconds.

        Raises:
            ServerError: the source is unknown, or the name cannot be served or exists.
        """
        origin = self._repositories / repository_name(source)
        if not origin.is_dir():
            raise ServerError(f"cannot copy repository '{source}': it is not on this server")
        folder = self._new_folder(path)
        shutil.copytree(origin, folder)
        self._control.add(repository_name(path), credentials, public=public)
        return folder

    def credential(self, path: str, username: str | None = None) -> Credential:
        """Return the credential of a repository's user, by default of the first one that was named.

        Raises:
            ServerError: no such repository or user.
        """
        users = self._control.users(repository_name(path))
        name = next(iter(users), None) if username is None else username
        if name is None or name not in users:
            raise ServerError(f"no user '{name or ''}' of repository '{path}'; there are: {', '.join(users) or 'none'}")
        return users[name]

    def secrets(self) -> frozenset[str]:
        """Return every text that must be redacted."""
        return self._control.secrets()

    @property
    def acl_enabled(self) -> bool:
        """Whether repositories ask for credentials; False inside `open_to_all()`."""
        return self._control.acl_enabled

    @contextlib.contextmanager
    def open_to_all(self) -> Iterator[None]:
        """Let everybody read and write everything for a while: the mutant of check I07."""
        with self._control.open_to_all():
            yield

    def publish_file(self, path: str, content: str) -> str:
        """Serve a plain file as /raw/`path`; return its address."""
        file = self._below("raw", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return f"{self.url}/raw/{path}"

    def publish_charts(self, organisation: str, folder: Path) -> str:
        """Serve a folder with index.yaml and *.tgz as /charts/`organisation`; return its address."""
        shutil.copytree(folder, self._below("charts", organisation), dirs_exist_ok=True)
        return f"{self.url}/charts/{organisation}"

    def entries(
        self,
        *,
        repository: str | None = None,
        path_contains: str = "",
        service: str | None = None,
        since: datetime | None = None,
    ) -> list[Entry]:
        """Return the requests that match, in order of arrival; those under way are among them."""
        name = None if repository is None else repository_name(repository)
        return self._log.entries(repository=name, path_contains=path_contains, service=service, since=since)

    def received(self, path_contains: str, *, since: datetime | None = None) -> list[Received]:
        """Return the notifications that came in below a path."""
        return self._recorder.received(path_contains=path_contains, since=since)

    def forget(self, path_contains: str) -> None:
        """Drop the notifications below a path."""
        self._recorder.forget(path_contains)

    def _new_folder(self, path: str) -> Path:
        name = repository_name(path)
        if not is_repository_name(name):
            raise ServerError(
                f"'{path}' cannot be the name of a repository: use org/name of letters, digits, '-', '_', '.'"
            )
        folder = self._repositories / name
        if folder.exists():
            raise ServerError(f"repository '{path}' exists already")
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder

    def _below(self, kind: str, path: str) -> Path:
        base = (self._files / kind).resolve()
        target = (base / path).resolve()
        if not target.is_relative_to(base):
            raise ServerError(f"'{path}' lies outside of /{kind}")
        return target
