"""Who may read and write which repository."""

import base64
import binascii
import contextlib
import hmac
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


class Access(StrEnum):
    """What a credential may do with its repository."""

    READ = "read"
    WRITE = "write"
    """Read and write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user of one repository, with a password made for this run."""

    username: str
    password: str = field(repr=False)
    access: Access

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one request; `user` is the name of the credential that was shown, if it is one of ours."""

    status: HTTPStatus
    user: str = ""


class AccessControl:
    """Credentials for each repository. Safe to call from several threads."""

    def __init__(self) -> None:
        self._credentials: dict[str, dict[str, Credential]] = {}
        self._public: set[str] = set()
        self._keys: dict[str, tuple[str, Access]] = {}
        self._opened = 0
        self._lock = threading.Lock()

    @property
    def acl_enabled(self) -> bool:
        """Whether credentials matter at all; False inside `open_to_all()`."""
        return not self._opened

    @contextlib.contextmanager
    def open_to_all(self) -> Iterator[None]:
        """Let everybody read and write everything for a while: the mutant of check I07."""
        with self._lock:
            self._opened += 1
        try:
            yield
        finally:
            with self._lock:
                self._opened -= 1

    def add(self, repository: str, users: Mapping[str, Access], *, public: bool) -> None:
        """Make credentials for a repository; everybody may read a public one."""
        made = {
            name: Credential(username=name, password=secrets.token_urlsafe(24), access=a) for name, a in users.items()
        }
        with self._lock:
            self._credentials[repository] = made
            if public:
                self._public.add(repository)

    def add_key(self, public: str, repository: str, access: Access) -> None:
        """Let the holder of a key (algorithm and public half) into one repository, over SSH."""
        with self._lock:
            self._keys[public] = (repository, access)

    def knows_key(self, public: str) -> bool:
        """Whether a key belongs to any repository."""
        return not self.acl_enabled or public in self._keys

    def judge_key(self, public: str, repository: str, wanted: Access) -> Decision:
        """Decide on one command over SSH; 403 for another repository, or for a push with a key that may only read."""
        name, access = self._keys.get(public, ("", Access.READ))
        user = f"deploy key of {name}" if name else ""
        allowed = not self.acl_enabled or (name == repository and wanted in (Access.READ, access))
        return Decision(status=HTTPStatus.OK if allowed else HTTPStatus.FORBIDDEN, user=user)

    def users(self, repository: str) -> Mapping[str, Credential]:
        """Return the credentials of a repository by user name; empty when it is unknown."""
        return self._credentials.get(repository, {})

    def secrets(self) -> frozenset[str]:
        """Return every text that must not reach a report: passwords, and the header values made from them."""
        with self._lock:
            all_of_them = [c for users in self._credentials.values() for c in users.values()]
        return frozenset(text for c in all_of_them for text in (c.password, c.basic.removeprefix("Basic ")))

    def judge(self, repository: str, wanted: Access, authorization: str) -> Decision:
        """Decide on one request.

        401 without a credential or with one that nobody has; 403 with one of another repository or one that may not.
        """
        holders = self._holders(authorization)
        user = holders[0][1].username if holders else ""
        if not self.acl_enabled or (wanted is Access.READ and repository in self._public):
            return Decision(status=HTTPStatus.OK, user=user)
        if not holders:
            return Decision(status=HTTPStatus.UNAUTHORIZED)
        allowed = any(name == repository and wanted in (Access.READ, c.access) for name, c in holders)
        return Decision(status=HTTPStatus.OK if allowed else HTTPStatus.FORBIDDEN, user=user)

    def _holders(self, authorization: str) -> list[tuple[str, Credential]]:
        """Return repository and credential for which this header is right; compares with all, in constant time."""
        shown = parse_basic(authorization)
        if shown is None:
            return []
        with self._lock:
            known = [(name, c) for name, users in self._credentials.items() for c in users.values()]
        return [(name, c) for name, c in known if _same(shown, (c.username, c.password))]


def parse_basic(authorization: str) -> tuple[str, str] | None:
    """Return user and password of an Authorization header; None when there is none that can be read."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def _same(shown: tuple[str, str], known: tuple[str, str]) -> bool:
    user = hmac.compare_digest(shown[0].encode(), known[0].encode())
    password = hmac.compare_digest(shown[1].encode(), known[1].encode())
    return user and password
