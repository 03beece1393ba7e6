"""Which Pods had a container that ended by itself while a check waited."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.kube.restarts import started_again

SINCE = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


def said(**status: Any) -> list[str]:
    known = {"lastState": {"terminated": {"exitCode": 1}}, "restartCount": 1, **status}
    return list(started_again([{"metadata": {"name": "a"}, "status": {"containerStatuses": [known]}}], SINCE))


def running_since(at: str) -> dict[str, Any]:
    return {"running": {"startedAt": at}}


@pytest.mark.parametrize(
    "state",
    [
        # Kubernetes writes whole seconds: this one may be after the half of it.
        pytest.param(running_since("2026-01-01T00:00:00Z"), id="the same second"),
        pytest.param(running_since("2026-01-01T00:00:09Z"), id="later"),
        pytest.param({"waiting": {"reason": "CrashLoopBackOff"}}, id="waits for its next start"),
    ],
)
def test_a_container_that_ended_meanwhile_is_told_with_its_exit_code(state: dict[str, Any]) -> None:
    assert said(state=state) == ["a (exit code 1)"]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"state": running_since("2025-12-31T23:59:59Z")}, id="before"),
        pytest.param({"state": running_since("2026-01-01T00:00:09Z"), "restartCount": 0}, id="a new Pod"),
        pytest.param({"state": {"waiting": {}}, "restartCount": 0}, id="not started yet"),
    ],
)
def test_others_are_not(status: dict[str, Any]) -> None:
    assert said(**status) == []


def test_a_pod_without_statuses_says_nothing() -> None:
    assert list(started_again([{"metadata": {"name": "a"}}], SINCE)) == []
