"""The pure parts of reversible changes: when a rollout is over, and that a live object is not changed in place."""

from typing import Any

import pytest

from conformance.bootstrap.changes import _copy, rolled_out
from conformance.bootstrap.changes_advisories import _drop_pattern


def deployment(*, replicas: int = 1, observed: int = 2, **counts: int) -> dict[str, Any]:
    all_there = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": observed, **all_there, **counts},
    }


def test_a_rollout_is_over_when_all_replicas_are_new_and_available() -> None:
    assert rolled_out(deployment())


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(None, id="not there"),
        pytest.param({"metadata": {"generation": 1}, "spec": {"replicas": 1}}, id="without a status"),
        pytest.param(deployment(observed=1), id="of an older generation"),
        pytest.param(deployment(updatedReplicas=0), id="not updated"),
        pytest.param(deployment(availableReplicas=0), id="not available"),
        pytest.param(deployment(replicas=1, availableReplicas=2), id="an old replica still there"),
    ],
)
def test_a_rollout_that_is_not_over(state: dict[str, Any] | None) -> None:
    assert not rolled_out(state)


def test_a_copy_shares_nothing_that_could_be_changed() -> None:
    original = {"a": [{"b": 1}, "x"], "c": {"d": None}}
    copy = _copy(original)
    assert copy == original
    copy["a"][0]["b"] = 2
    copy["c"]["e"] = 1
    assert original == {"a": [{"b": 1}, "x"], "c": {"d": None}}


def test_a_pattern_is_taken_off_one_field_only() -> None:
    field = {"type": "string", "pattern": "^x$"}
    schema = {"properties": {"interval": dict(field), "values": {"items": {"properties": {"path": dict(field)}}}}}
    _drop_pattern(schema, ("values", "items", "path"))
    _drop_pattern(schema, ("absent", "items", "path"))
    assert schema["properties"]["interval"] == field
    assert schema["properties"]["values"] == {"items": {"properties": {"path": {"type": "string"}}}}
