"""A missing right, from the request to the row: an error of its own layer, whatever the check makes of denials."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import harvest
from conformance.errors import RIGHTS, MissingRightError
from conformance.existing_session import ExistingSession
from conformance.harvest import Job, judge
from conformance.kube.answers import ApiError
from conformance.kube.lacking import missing
from conformance.model import Check, Control, Environment, Fidelity, Level, Outcome


def checked(function: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(harvest.lockdown, "read", lambda *_: "")
    named = {"id": "A01", "statement": "it holds", "why": "", "spec": "", "source": "", "kills": ()}
    more = {"level": Level.CORE, "control": Control.TENANT_ROLE, "environments": frozenset(Environment)}
    check: Any = Check(**named, **more)  # type: ignore[arg-type]
    seen: Any = SimpleNamespace(
        environment=Environment.STAGING,
        platform=SimpleNamespace(rerun=""),
        evidence=SimpleNamespace(files=list),
        denials=0,
        planes={},
        fidelity=Fidelity.REAL,
        cells=[],
    )
    return judge(Job(check, function, {}, "", Path("a01.yaml")), seen)[0]


def test_a_row_that_lacks_a_right_says_which_and_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(scenario: Any) -> None:
        try:
            raise MissingRightError("list pods in flux-system", 'User "x" cannot list resource "pods"')
        except ApiError:  # what a check takes for a denial
            pytest.fail("it was taken for an answer")

    row = checked(check, monkeypatch)
    assert (row.outcome, row.layer) == (Outcome.ERROR, RIGHTS)
    assert row.message == "these credentials may not list pods in flux-system"
    assert (row.wanted, row.observed) == (
        "the right to list pods in flux-system",
        'User "x" cannot list resource "pods"',
    )


@pytest.mark.parametrize("probed", [False, True])
def test_what_is_missing_is_said_before_the_first_check(*, probed: bool) -> None:
    said: list[str] = []
    session: Any = SimpleNamespace(
        found=SimpleNamespace(lacking=["list pods in flux-system"]),
        probing=SimpleNamespace(lacking=["create buckets.source.toolkit.fluxcd.io"]) if probed else None,
        clock=SimpleNamespace(say=said.append),
        notes=[],
    )
    ExistingSession._note_rights(session)
    more = "; create buckets.source.toolkit.fluxcd.io" if probed else ""
    assert said == [f"these credentials may not list pods in flux-system{more}: what needs it is not judged"]
    assert session.notes == said


@pytest.mark.parametrize(
    ("method", "path", "query", "right"),
    [
        ("GET", "/api/v1/pods", None, "list pods"),
        ("GET", "/apis/apps/v1/namespaces/a/deployments/b", None, "get deployments.apps in a"),
        ("GET", "/api/v1/namespaces/a/pods", {"watch": "true"}, "watch pods in a"),
        ("GET", "/apis", {}, "get /apis"),
        ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token", {}, "create serviceaccounts/token in a"),
        ("DELETE", "/api/v1/namespaces/a", {}, "delete namespaces"),
    ],
)
def test_the_right_is_named_as_roles_name_it(method: str, path: str, query: Any, right: str) -> None:
    said = 'pods "x" is forbidden: User "me" cannot do resource "x" in API group ""'
    found = missing(ApiError(403, "Forbidden", said, path), method, path, query)
    assert found is not None
    assert found.right == right


@pytest.mark.parametrize(
    ("status", "method", "said"),
    [
        (404, "GET", 'User "me" cannot get resource "x"'),
        (403, "POST", "pods is forbidden: violates PodSecurity"),
        (
            403,
            "POST",
            'rolebindings is forbidden: user "me" is attempting to grant RBAC permissions not currently held',
        ),
    ],
)
def test_what_is_no_matter_of_the_asker_s_rights_is_none(status: int, method: str, said: str) -> None:
    assert missing(ApiError(status, "", said, ""), method, "/api/v1/namespaces/a/pods") is None
