"""Git over SSH: a host key made for the run, and deploy keys; the only importer of asyncssh.

The server starts when it is first asked for. Run as a program this module is git's SSH client, so that a push needs no
`ssh` on the host:

    python -m conformance.repos.ssh IDENTITY KNOWN_HOSTS [options of git] git@HOST COMMAND
"""

import asyncio
import base64
import hashlib
import re
import sys
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import asyncssh

from conformance.errors import ServerError
from conformance.process import RUN_ID_VARIABLE, end_piped, piped
from conformance.repos.access_control import Access, AccessControl
from conformance.repos.access_log import AccessLog
from conformance.repos.git_binary import GitBinary, isolated_environment
from conformance.repos.listener import HOST
from conformance.repos.routes import repository_name

_ALGORITHM = "ssh-ed25519"
_START_S = 10.0
_SSHSIG = b"SSHSIG"
_SERVICES = {"git-upload-pack": Access.READ, "git-receive-pack": Access.WRITE}
_COMMAND = re.compile(r"^(?P<program>git-[a-z-]+) '/?(?P<path>[^']+)'$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployKey:
    """A key pair for one repository."""

    public: str
    """As in authorized_keys."""
    identity: str = field(repr=False)
    """The private half, PEM of OpenSSH."""


def make_key() -> DeployKey:
    """Return a new key pair, which no server knows."""
    made = asyncssh.generate_private_key(_ALGORITHM)
    return DeployKey(public=made.export_public_key().decode().strip(), identity=made.export_private_key().decode())


def signed_by(key: DeployKey, payload: bytes) -> str:
    """Return the signature of what Git signs, as `ssh-keygen -Y sign -n git` makes it (OpenSSH's PROTOCOL.sshsig)."""
    pair = asyncssh.import_private_key(key.identity)
    digest = hashlib.sha512(payload).digest()
    parts = [b"git", b"", b"sha512"]
    signature = pair.sign(_SSHSIG + _strings(*parts, digest), _ALGORITHM.encode())
    made = _SSHSIG + (1).to_bytes(4, "big") + _strings(pair.public_data, *parts, signature)
    text = "\n".join(textwrap.wrap(base64.b64encode(made).decode(), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


def _strings(*parts: bytes) -> bytes:
    """Return byte strings as the SSH protocol writes them, each after its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class SshServer:
    """Serves the repositories of a `GitServer` over SSH, to those who hold a deploy key."""

    def __init__(
        self,
        git: GitBinary,
        repositories: Path,
        control: AccessControl,
        log: AccessLog,
        *,
        run_id: str,
        host: str = HOST,
    ) -> None:
        self._host = host
        self._git = git
        self._repositories = repositories
        self._control = control
        self._log = log
        self._run_id = run_id
        self._host_key = asyncssh.generate_private_key(_ALGORITHM)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh-server", daemon=True)
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def start(self) -> None:
        """Bind a free port and serve from a thread of its own.

        Raises:
            ServerError: no port can be bound.
        """
        self._thread.start()
        try:
            self._acceptor = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_START_S)
        except OSError as error:
            raise ServerError(f"the SSH server cannot listen on {self._host}: {error}") from error

    def stop(self) -> None:
        """Close the port and all connections."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)
        self._loop.close()

    @property
    def port(self) -> int:
        """The port, known after the start."""
        return self._acceptor.get_port() if self._acceptor else 0

    @property
    def url(self) -> str:
        """Address of the server, without a trailing slash."""
        return f"ssh://git@{self._host}:{self.port}"

    @property
    def known_hosts(self) -> str:
        """The line of known_hosts that is right for this server."""
        return self._known_hosts(self._host_key.export_public_key().decode())

    def known_hosts_of_another(self) -> str:
        """Return a line that is right for a server with another host key at this address."""
        return self._known_hosts(make_key().public)

    def deploy_key(self, path: str, *, access: Access = Access.READ) -> DeployKey:
        """Make a key for a repository `org/name`."""
        key = make_key()
        name = repository_name(path)
        self._control.add_key(_bare(key.public), name, access)
        return key

    def client_command(self, key: DeployKey, folder: Path) -> str:
        """Return the value of GIT_SSH_COMMAND that shows this key; the key is written into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        identity, known_hosts = folder / "identity", folder / "known_hosts"
        identity.touch(mode=0o600)
        identity.write_text(key.identity)
        known_hosts.write_text(self.known_hosts)
        return f"'{sys.executable}' -m conformance.repos.ssh '{identity}' '{known_hosts}'"

    def _known_hosts(self, public: str) -> str:
        return f"[{self._host}]:{self.port} {_bare(public)}\n"

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Login(self._control),
            self._host,
            0,
            server_host_keys=[self._host_key],
            process_factory=self._serve,
            encoding=None,
            allow_scp=False,
        )

    async def _close(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        asked = _COMMAND.match(process.command or "")
        program = asked["program"] if asked else ""
        name = repository_name(asked["path"]) if asked else ""
        key = str(process.get_extra_info("deploy_key"))
        wanted = _SERVICES.get(program, Access.WRITE)
        known = program in _SERVICES and bool(self._control.users(name))
        decision = self._control.judge_key(key, name, wanted)
        status = decision.status if known else HTTPStatus.NOT_FOUND
        number = self._log.begin(
            client=str(process.get_extra_info("peername")),
            method="SSH",
            path=f"/{name}",
            repository=name if known else "",
            service=program.removeprefix("git-"),
            user_agent=str(process.get_extra_info("client_version")),
            authorization="publickey",
            user=decision.user,
            status=int(status),
        )
        if status is HTTPStatus.OK:
            process.exit(await self._run(process, program, name))
        else:
            process.stderr.write(f"ERROR: {program} of {name} is denied to this deploy key\n".encode())
            process.exit(1)
        self._log.end(number)
        await process.wait_closed()

    async def _run(self, process: "asyncssh.SSHServerProcess[bytes]", program: str, name: str) -> int:
        variables = {**isolated_environment(self._repositories), RUN_ID_VARIABLE: self._run_id}
        words: list[str | Path] = [self._git.path, program.removeprefix("git-"), self._repositories / name]
        child = piped(words, env=variables)
        try:
            await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
            await process.stdout.drain()
        finally:
            code = await asyncio.to_thread(end_piped, child)
        return code


class _Login(asyncssh.SSHServer):
    """Lets in who holds a key that belongs to some repository; everybody while the server is open to all."""

    def __init__(self, control: AccessControl) -> None:
        self._control = control
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        shown = _bare(key.export_public_key().decode())
        if self._connection is not None:
            self._connection.set_extra_info(deploy_key=shown)
        return self._control.knows_key(shown)


def _bare(public: str) -> str:
    """Return algorithm and key without the comment."""
    return " ".join(public.split()[:2])


async def _client(arguments: Sequence[str]) -> int:
    identity, known_hosts, *options, host, command = arguments
    port = int(options[options.index("-p") + 1])
    user, _, name = host.partition("@")
    async with asyncssh.connect(
        name, port, username=user, client_keys=[identity], known_hosts=known_hosts, config=None
    ) as connection:
        done = await connection.run(
            command, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, encoding=None, check=False
        )
    return done.exit_status or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_client(sys.argv[1:])))
