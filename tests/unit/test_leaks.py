"""Where a canary is found, and where it may be."""

import base64
import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import leaks

VALUES = {"a": "canary-aaaa", "b": "canary-bbbb"}


def platform(kind: str, item: dict[str, Any]) -> Any:
    client = SimpleNamespace(listable=lambda: [("v1", kind)], objects=lambda *_: [item])
    return SimpleNamespace(client=client)


def item(kind: str, namespace: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}, **fields}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("namespace", "expected"), [("a", []), ("b", ["b/ConfigMap/x holds the canary of a"])], ids=["own", "another"]
)
def test_a_canary_may_be_in_its_own_namespace_only(namespace: str, expected: list[str]) -> None:
    found = leaks.in_objects(platform("ConfigMap", item("ConfigMap", namespace, data={"k": "canary-aaaa"})), VALUES)
    assert found == expected


def test_a_cluster_wide_object_may_hold_none() -> None:
    role = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x", "annotations": {"k": "canary-bbbb"}}}
    assert leaks.in_objects(platform("Node", role), VALUES) == ["Node/x holds the canary of b"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b64(b"canary-aaaa"), id="plain"),
        pytest.param(b64(b"before canary-aaaa after"), id="inside"),
        pytest.param(b64(b64(gzip.compress(b"manifest: canary-aaaa")).encode()), id="a Helm release"),
    ],
)
def test_secrets_are_opened(value: str) -> None:
    assert leaks.in_objects(platform("Secret", item("Secret", "b", data={"k": value})), VALUES)


def test_no_other_secret_is_taken_for_one() -> None:
    assert leaks.in_objects(platform("Secret", item("Secret", "b", data={"k": b64(b"harmless")})), VALUES) == []


def test_logs_of_controllers_are_read(tmp_path: Path) -> None:
    (tmp_path / "kustomize-controller.log").write_text("applied canary-bbbb\n")
    (tmp_path / "etcd.log").write_text("canary-aaaa\n")
    found = leaks.in_logs(SimpleNamespace(cluster=SimpleNamespace(logs=tmp_path)), VALUES)  # type: ignore[arg-type]
    assert found == ["kustomize-controller.log holds the canary of b"]


def test_notifications_are_read() -> None:
    received = [SimpleNamespace(path="/events/x", body="canary-aaaa"), SimpleNamespace(path="/events/y", body="")]
    git = SimpleNamespace(received=lambda _: received)
    found = leaks.in_notifications(SimpleNamespace(git=git), VALUES)  # type: ignore[arg-type]
    assert found == ["/events/x was told the canary of a"]
