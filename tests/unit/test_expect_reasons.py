"""A denial that comes with one of several reasons: which, and which else would have done, is evidence."""

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import Breakdown
from conformance.expect import expect
from conformance.manifests import Planned
from conformance.scenario import Subject
from conformance.settings import Timeouts

NAMED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "attack", "namespace": "shared-a"}}


@pytest.fixture
def kept() -> list[tuple[Any, ...]]:
    return []


@pytest.fixture
def denied(kept: list[tuple[Any, ...]]) -> Subject:
    ready = {"type": "Ready", "status": "False", "reason": "Unknown", "message": "no signatures found"}
    state = {**NAMED, "status": {"conditions": [ready]}}
    platform = SimpleNamespace(
        timeouts=Timeouts(reconciled=0.0),
        client=SimpleNamespace(objects_at=lambda *_, **__: ([state], "1")),
        tenant_user=lambda _: "x",
    )
    scenario: Any = SimpleNamespace(
        platform=platform,
        evidence=SimpleNamespace(record=lambda *said: kept.append(said)),
        denials=0,
        planes={},
        audited_condition=lambda *_: None,
    )
    return Subject(scenario, Planned(NAMED, "attempt", as_platform=False, twin=""))


def test_one_of_several_reasons_is_kept_with_all_that_would_have_done(denied: Subject, kept: list[Any]) -> None:
    expect(denied).is_denied(reason=("VerificationError", "Unknown"), message="no signatures")
    said = {"object": "shared-a/ConfigMap/attack", "reason": "Unknown", "accepted": ["Unknown", "VerificationError"]}
    assert kept[-1] == ("denied", "shared-a/ConfigMap/attack", said)


def test_none_of_them_is_no_denial(denied: Subject, kept: list[Any]) -> None:
    with pytest.raises(Breakdown, match="reason=A or B"):
        expect(denied).is_denied(reason=("A", "B"), message="no signatures")
    assert [kind for kind, *_ in kept] == ["conditions"]


def test_a_single_reason_needs_no_such_word(denied: Subject, kept: list[Any]) -> None:
    expect(denied).is_denied(reason="Unknown", message="no signatures")
    assert [kind for kind, *_ in kept] == ["conditions"]
