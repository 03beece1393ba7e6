"""Who may do what, and what the access log keeps of it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from conformance.repos.access_control import Access, AccessControl, parse_basic
from conformance.repos.access_log import AccessLog
from conformance.repos.git_binary import parse_version

OWN = "example/own.git"
OTHER = "example/other.git"


@pytest.fixture
def control() -> AccessControl:
    control = AccessControl()
    control.add(OWN, {"author": Access.WRITE, "reader": Access.READ}, public=False)
    control.add(OTHER, {"author": Access.WRITE}, public=True)
    return control


def header(control: AccessControl, repository: str, user: str) -> str:
    return control.users(repository)[user].basic


@pytest.mark.parametrize(
    ("holder", "user", "wanted", "status", "known"),
    [
        (OWN, "author", Access.WRITE, 200, "author"),
        (OWN, "author", Access.READ, 200, "author"),
        (OWN, "reader", Access.READ, 200, "reader"),
        (OWN, "reader", Access.WRITE, 403, "reader"),
        (OTHER, "author", Access.READ, 403, "author"),
    ],
)
def test_credentials_are_for_one_repository(
    control: AccessControl, holder: str, user: str, wanted: Access, status: int, known: str
) -> None:
    decision = control.judge(OWN, wanted, header(control, holder, user))
    assert (decision.status, decision.user) == (status, known)


def test_who_shows_nothing_or_nonsense_is_asked_again(control: AccessControl) -> None:
    password = control.users(OWN)["author"].password
    swapped = base64.b64encode(f"reader:{password}".encode()).decode()
    for shown in ("", "Basic", "Bearer x", "Basic ?", f"Basic {swapped}", "Basic /w=="):
        assert control.judge(OWN, Access.READ, shown).status is HTTPStatus.UNAUTHORIZED


def test_a_public_repository_is_open_to_readers_only(control: AccessControl) -> None:
    assert control.judge(OTHER, Access.READ, "").status is HTTPStatus.OK
    assert control.judge(OTHER, Access.WRITE, "").status is HTTPStatus.UNAUTHORIZED
    assert control.judge(OTHER, Access.WRITE, header(control, OWN, "author")).status is HTTPStatus.FORBIDDEN


def test_the_switch_opens_all_and_closes_again_after_an_error(control: AccessControl) -> None:
    def break_down_inside() -> None:
        with control.open_to_all(), control.open_to_all():
            assert control.judge(OWN, Access.WRITE, "").status is HTTPStatus.OK
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_down_inside()
    assert control.acl_enabled
    assert control.judge(OWN, Access.READ, "").status is HTTPStatus.UNAUTHORIZED


def test_secrets_are_listed_in_every_form_and_hidden_in_repr(control: AccessControl) -> None:
    author = control.users(OWN)["author"]
    assert {author.password, author.basic.removeprefix("Basic ")} <= control.secrets()
    assert author.password not in repr(author)
    assert len({c.password for name in (OWN, OTHER) for c in control.users(name).values()}) == 3


def test_basic_headers_are_read_whatever_the_case() -> None:
    assert parse_basic("bAsIc " + base64.b64encode(b"a:b:c").decode()) == ("a", "b:c")
    assert parse_basic("Basic " + base64.b64encode(b"nocolon").decode()) is None


def test_the_log_holds_requests_under_way_and_writes_those_that_ended(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = iter(start + timedelta(seconds=n) for n in range(9))
    log = AccessLog(tmp_path / "deep" / "access.jsonl", now=lambda: next(clock))
    fields = {"client": "127.0.0.1:1", "method": "GET"}
    one = log.begin(path="/example/own.git/info/refs", repository=OWN, service="upload-pack", **fields)
    log.begin(path="/raw/x.yaml", service="raw", **fields)
    log.end(one, status=200, bytes=17)
    records = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [(r["time"], r["status"], r["bytes"]) for r in records] == [("2026-01-01T00:00:00.000Z", 200, 17)]
    assert [e.path for e in log.entries()] == ["/example/own.git/info/refs", "/raw/x.yaml"]
    assert [e.status for e in log.entries(path_contains="/raw/")] == [0]
    assert [e.repository for e in log.entries(repository=OWN, service="upload-pack")] == [OWN]
    assert log.entries(since=start + timedelta(seconds=1)) == log.entries(service="raw")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5", (2, 39)),
        ("git version 2.50.1 (Apple Git-155)", (2, 50)),
        ("git version 3.0.rc1", (3, 0)),
        ("", (0, 0)),
    ],
)
def test_gits_version_is_read(said: str, version: tuple[int, int]) -> None:
    assert parse_version(said) == version


# deploy keys


def test_a_key_opens_one_repository(control: AccessControl) -> None:
    control.add_key("ssh-ed25519 AAAA", OWN, Access.READ)
    assert control.judge_key("ssh-ed25519 AAAA", OWN, Access.READ).status == HTTPStatus.OK
    assert control.judge_key("ssh-ed25519 AAAA", OTHER, Access.READ).status == HTTPStatus.FORBIDDEN
    assert control.judge_key("ssh-ed25519 AAAA", OWN, Access.READ).user == f"deploy key of {OWN}"


@pytest.mark.parametrize(("held", "status"), [(Access.READ, HTTPStatus.FORBIDDEN), (Access.WRITE, HTTPStatus.OK)])
def test_a_key_pushes_if_it_may_write(control: AccessControl, held: Access, status: HTTPStatus) -> None:
    control.add_key("ssh-ed25519 AAAA", OWN, held)
    assert control.judge_key("ssh-ed25519 AAAA", OWN, Access.WRITE).status == status


def test_an_unknown_key_opens_nothing_unless_all_is_open(control: AccessControl) -> None:
    assert not control.knows_key("ssh-ed25519 BBBB")
    assert control.judge_key("ssh-ed25519 BBBB", OWN, Access.READ).status == HTTPStatus.FORBIDDEN
    with control.open_to_all():
        assert control.knows_key("ssh-ed25519 BBBB")
        assert control.judge_key("ssh-ed25519 BBBB", OWN, Access.WRITE).status == HTTPStatus.OK
