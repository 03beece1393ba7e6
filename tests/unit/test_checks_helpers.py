"""What checks lean on: fields replaced in a planned object, and arguments read as the controllers read them."""

from typing import Any, cast

import pytest

from conformance.kube.objects import argument, feature_gates
from conformance.manifests import Planned
from conformance.scenario import Scenario, Subject

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n"},
    "spec": {"containers": [{"name": "a", "args": ["--x=1"]}, {"name": "b"}]},
}


def subject() -> Subject:
    return Subject(cast("Scenario", None), Planned(MANIFEST, "attempt", False, "Deployment/own"))


def test_with_fields_replaces_leaves_and_leaves_the_rest() -> None:
    changed = subject().with_fields({"metadata.name": "e", "spec.containers.0.args": ["--x=2"]})
    assert changed.manifest["spec"]["containers"] == [{"name": "a", "args": ["--x=2"]}, {"name": "b"}]
    assert str(changed.ref) == "n/Deployment/e"
    assert (changed.planned.use, changed.planned.twin) == ("attempt", "Deployment/own")


def test_with_fields_adds_what_was_not_there() -> None:
    assert subject().with_fields({"spec.a.b": 1}).manifest["spec"]["a"] == {"b": 1}


def test_with_fields_does_not_touch_the_original() -> None:
    original = subject()
    original.with_fields({"spec.containers.0.name": "z"})
    assert original.manifest["spec"]["containers"][0]["name"] == "a"


def test_with_fields_refuses_an_item_that_is_not_there() -> None:
    # Silently unchanged, a denied object would be its own twin.
    with pytest.raises(IndexError):
        subject().with_fields({"spec.containers.7.name": "z"})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], "", id="absent"),
        pytest.param(["--x=true"], "--x=true", id="set"),
        pytest.param(["--x"], "--x=true", id="bare"),
        pytest.param(["--x", "--y"], "--x=true", id="bare before another"),
        pytest.param(["--x", "flux"], "--x=flux", id="value as the next argument"),
        pytest.param(["--x=true", "--y", "--x=false"], "--x=false", id="the last one counts"),
        pytest.param(["--x="], "--x=", id="empty"),
        pytest.param(["--xy=true"], "", id="another that begins alike"),
    ],
)
def test_a_flag_is_read_as_go_reads_it(arguments: list[str], expected: str) -> None:
    assert argument(arguments, "--x") == expected


@pytest.mark.parametrize(
    ("arguments", "on"),
    [
        pytest.param([], set(), id="absent"),
        pytest.param(["--feature-gates=A=true,B=false"], {"A"}, id="one of two"),
        *(pytest.param([f"--feature-gates=A={word}"], {"A"}, id=word) for word in ("1", "t", "T", "TRUE", "True")),
        *(pytest.param([f"--feature-gates=A={word}"], set(), id=word) for word in ("0", "F", "tRUE", "yes", "")),
        pytest.param(["--feature-gates", "A=1", "--x"], {"A"}, id="value as the next argument"),
        pytest.param(["--feature-gates=A=true", "--feature-gates=B=1"], {"A", "B"}, id="each adds"),
        pytest.param(["--feature-gates=A=true", "--feature-gates=A=false"], set(), id="the last word counts"),
        pytest.param(["--feature-gates= A = true ,, B=true"], {"A", "B"}, id="blanks"),
        pytest.param(["--feature-gates=AB=true", "--x=A=true"], {"AB"}, id="others that look alike"),
        pytest.param(["--feature-gates"], set(), id="without a value"),
    ],
)
def test_feature_gates_are_read_as_go_reads_them(arguments: list[str], on: set[str]) -> None:
    assert feature_gates(arguments) == on
