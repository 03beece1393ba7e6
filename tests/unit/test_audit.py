"""The audit log is read as it grows, and keeps what checks ask for."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.kube.audit import AuditLog

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)


def line(name: str, *, verb: str = "patch", code: int = 200, second: int = 0, **more: Any) -> str:
    event = {
        "stage": "ResponseComplete",
        "auditID": f"id-{name}",
        "requestURI": "/api/v1/namespaces/apps/configmaps",
        "verb": verb,
        "user": {"username": "system:serviceaccount:flux-system:kustomize-controller"},
        "impersonatedUser": {"username": "system:serviceaccount:apps:flux"},
        "userAgent": "kustomize-controller/v1.9.3",
        "objectRef": {"resource": "configmaps", "namespace": "apps", "name": name, "apiVersion": "v1"},
        "responseStatus": {"code": code},
        "requestReceivedTimestamp": (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z"),
    }
    return json.dumps(event | more) + "\n"


@pytest.fixture
def opened() -> Iterator[Callable[[Path], AuditLog]]:
    """Open logs, and close them at the end."""
    logs: list[AuditLog] = []

    def opener(path: Path) -> AuditLog:
        logs.append(AuditLog(path))
        return logs[-1]

    yield opener
    for log in logs:
        log.close()


def names(log: AuditLog, since: datetime = LONG_AGO) -> list[str]:
    return [entry.name for entry in log.entries(lambda _: True, since=since)]


def test_a_log_that_is_not_there_yet_has_no_entries(tmp_path: Path, opened: Callable[[Path], AuditLog]) -> None:
    assert names(opened(tmp_path / "audit.log")) == []


def test_what_is_appended_is_read_once_and_a_half_line_when_it_is_whole(
    tmp_path: Path, opened: Callable[[Path], AuditLog]
) -> None:
    path = tmp_path / "audit.log"
    log = opened(path)
    whole = line("second")
    path.write_text(line("first") + whole[:40])
    assert names(log) == ["first"]
    with path.open("a") as file:
        file.write(whole[40:])
    assert names(log) == ["first", "second"]


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(
    tmp_path: Path, opened: Callable[[Path], AuditLog]
) -> None:
    path = tmp_path / "audit.log"
    log = opened(path)
    path.write_text(line("old"))
    assert names(log) == ["old"]
    with path.open("a") as file:
        file.write(line("last"))
    path.rename(tmp_path / "audit-rotated.log")
    path.write_text(line("new"))
    assert names(log) == ["old", "last", "new"]


def test_reads_that_went_through_are_left_out_and_refused_ones_kept(
    tmp_path: Path, opened: Callable[[Path], AuditLog]
) -> None:
    path = tmp_path / "audit.log"
    path.write_text(line("seen", verb="get") + line("refused", verb="get", code=403) + line("written", verb="create"))
    assert names(opened(path)) == ["refused", "written"]


def test_an_entry_speaks_of_whom_the_request_was_made_as(tmp_path: Path, opened: Callable[[Path], AuditLog]) -> None:
    path = tmp_path / "audit.log"
    uri = "/api/v1/namespaces/apps/configmaps?dryRun=All&fieldManager=x"
    path.write_text(line("one", code=403, requestURI=uri) + line("two", second=60, impersonatedUser=None))
    one, two = opened(path).entries(lambda _: True, since=LONG_AGO)
    assert (one.user, one.refused, one.dry_run) == ("system:serviceaccount:apps:flux", True, True)
    assert (two.user, two.refused, two.dry_run) == (
        "system:serviceaccount:flux-system:kustomize-controller",
        False,
        False,
    )
    assert names(opened(path), since=START + timedelta(seconds=30)) == ["two"]


def test_what_is_no_answer_for_an_object_is_no_entry(tmp_path: Path, opened: Callable[[Path], AuditLog]) -> None:
    path = tmp_path / "audit.log"
    path.write_text("not json\n" + line("x", objectRef=None) + line("y", stage="RequestReceived"))
    assert names(opened(path)) == []


def test_who_waits_for_an_entry_that_never_comes_gets_none(tmp_path: Path, opened: Callable[[Path], AuditLog]) -> None:
    path = tmp_path / "audit.log"
    path.write_text(line("one"))
    log = opened(path)
    assert log.find(lambda entry: entry.name == "none", since=LONG_AGO, timeout_s=0.2) is None
    found = log.find(lambda entry: entry.id == "id-one", since=LONG_AGO, timeout_s=0.2)
    assert found is not None
    assert found.as_record()["verb"] == "patch"
