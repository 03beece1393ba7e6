"""Reads request addresses; pure functions.

Dot segments are resolved on purpose, as a naive reverse proxy resolves them: a fleet whose allowlist can be
walked around with `allowed/../evil` must look open here, and not closed by a chance 404 (catalogue, trap T23).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from conformance.repos.access_control import Access

_GIT = re.compile(r"^/(?P<name>.+?)(?:\.git)?/(?P<endpoint>info/refs|git-upload-pack|git-receive-pack)$")
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_REPOSITORY = re.compile(rf"^{_SEGMENT}(?:/{_SEGMENT})*$")
EVENTS = "events"
"""First segment of what takes notifications."""
FILES = ("raw", "charts")
"""First segments that hold plain files and no repositories."""
_RESERVED = (*FILES, EVENTS)
_FILE_SEGMENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request asks for."""

    path: str
    """Decoded, dot segments and double slashes resolved."""
    redirect: str = ""
    """The canonical address, when the request used another."""
    repository: str = ""
    """`org/name.git`; whether it exists is another question."""
    endpoint: str = ""
    service: str = ""

    @property
    def access(self) -> Access:
        """What the request needs to be allowed to do."""
        return Access.WRITE if self.service == "receive-pack" else Access.READ


def read_target(uri: str) -> Target:
    """Read a request's address (origin form, percent-encoded)."""
    address = urlsplit("//localhost" + uri)  # a leading // is a path here, not a host
    decoded = unquote(address.path) or "/"
    path = canonical(decoded)
    query = f"?{address.query}" if address.query else ""
    redirect = quote(path) + query if path != decoded else ""
    path = _file_path(path)
    kind = _first_segment(path.lstrip("/"))
    if kind in _RESERVED:
        return Target(path=path, redirect=redirect, service=kind)
    match = _GIT.match(path)
    if match is None:
        return Target(path=path, redirect=redirect)
    endpoint = match["endpoint"]
    asked = address.query.removeprefix("service=") if endpoint == "info/refs" else endpoint
    service = asked.removeprefix("git-") if asked in ("git-upload-pack", "git-receive-pack") else ""
    return Target(
        path=path, redirect=redirect, repository=repository_name(match["name"]), endpoint=endpoint, service=service
    )


def _file_path(path: str) -> str:
    """Read `/org/charts/…` as `/charts/org/…`: an organisation's files lie below its own allowlist prefix too."""
    segments = path.split("/")
    if len(segments) > _FILE_SEGMENT and segments[_FILE_SEGMENT] in _RESERVED and segments[1] not in _RESERVED:
        segments[1], segments[_FILE_SEGMENT] = segments[_FILE_SEGMENT], segments[1]
    return "/".join(segments)


def canonical(path: str) -> str:
    """Resolve dot segments and double slashes; what climbs above the root stays at the root."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    folder = path.endswith(("/", "/.", "/.."))
    return "/" + "/".join(kept) + ("/" if folder and kept else "")


def repository_name(path: str) -> str:
    """Return the one name of a repository: both `org/fleet` and `org/fleet.git` mean `org/fleet.git`."""
    return path.strip("/").removesuffix(".git") + ".git"


def is_repository_name(name: str) -> bool:
    """Whether a repository can have this name: plain segments, none of them hidden, none of ours."""
    return bool(_REPOSITORY.match(name)) and _first_segment(name) not in _RESERVED


def _first_segment(path: str) -> str:
    return path.split("/", maxsplit=1)[0]
