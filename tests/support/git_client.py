"""A git server with one repository, and clients of it, for the tests of the server."""

import http.client
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from conformance.kube.wait import eventually
from conformance.repos.access_log import Entry
from conformance.repos.git_binary import isolated_environment
from conformance.repos.git_server import GitServer
from conformance.repos.push import TenantRepository, commit_and_push
from conformance.settings import environment

FLEET = "example/fleet.git"
EVIL = "evil/fleet.git"
INFO = "/example/fleet.git/info/refs?service=git-{}"


def push(server: GitServer, folder: Path, repository: str, user: str | None = None) -> str:
    who = server.credential(repository, user)
    return commit_and_push(folder, server.repository_url(repository), username=who.username, password=who.password)


def clone(server: GitServer, repository: str, folder: Path, user: str | None = None) -> TenantRepository:
    who = server.credential(repository, user)
    url = server.repository_url(repository)
    return TenantRepository(folder, url, username=who.username, password=who.password)


def git(*words: str, cwd: Path, url: str = "", authorization: str = "") -> subprocess.CompletedProcess[str]:
    """Plain git, as a user would call it, without any configuration."""
    env = {**isolated_environment(cwd), "PATH": environment()["PATH"]}
    if authorization:
        env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: {authorization}",
        }
    return subprocess.run(["git", *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def ask(
    server: GitServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def packet(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()


def finished(server: GitServer, repository: str, service: str, count: int = 1) -> list[Entry]:
    """The log's last word comes after the client's."""
    return eventually(
        lambda: [e for e in server.entries(repository=repository, service=service) if e.bytes],
        lambda entries: len(entries) >= count,
        timeout_s=5,
        what="the access log",
    )
