"""A dry-run by kubectl: what the API server refuses is told, and what kept it from judging is a breakdown."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import building
from conformance.building import Building
from conformance.errors import ProcessError


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """A part of a scenario with a kubectl that runs these lines of shell."""

    def make(shell: str) -> Building:
        kubectl = tmp_path / "kubectl"
        kubectl.write_text(f"#!/bin/sh\n{shell}\n")
        kubectl.chmod(0o755)
        made = Building()
        cluster = SimpleNamespace(kubeconfig=tmp_path / "config")
        platform: Any = SimpleNamespace(binary=lambda _: kubectl, cluster=cluster, folder=tmp_path)
        made.platform, made.evidence = platform, SimpleNamespace(record=lambda *_: None)  # type: ignore[assignment]
        return made

    return make


def failing(said: str, code: int = 1) -> str:
    return f"cat >/dev/null; cat >&2 <<'END'\n{said}\nEND\nexit {code}"


def test_what_is_accepted_is_refused_nothing(asked: Any) -> None:
    assert asked("cat").dry_run("kind: ConfigMap") == ""


@pytest.mark.parametrize(
    "said",
    [
        'Error from server (BadRequest): error when creating "STDIN": strict decoding error: unknown field "spec.x"',
        'Error from server (Forbidden): error when applying patch: ValidatingAdmissionPolicy "x" denied request: no',
        "Error from server: failed to create typed patch object (a/b; v1, Kind=C): .spec.x: not declared in schema",
        'The Kustomization "one" is invalid: spec.interval: Invalid value: "x"',
        'error: resource mapping not found for name: "a" namespace: "b" from "STDIN": no matches for kind "C"',
        "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed",
        'error: unable to decode "STDIN": no kind "X" is registered for version "v1"',
        'Unable to connect to the server: EOF\nError from server (Invalid): error when creating "STDIN": no',
    ],
)
def test_what_the_api_server_refuses_is_told(asked: Any, said: str) -> None:
    assert said.splitlines()[-1] in asked(failing(said)).dry_run("kind: ConfigMap")


@pytest.mark.parametrize(
    "said",
    [
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
        "Unable to connect to the server: net/http: TLS handshake timeout",
        "error: You must be logged in to the server (Unauthorized)",
        'Error from server (Timeout): error when creating "STDIN": Timeout: request did not complete',
        'Error from server (InternalError): error when creating "STDIN": failed calling webhook "x"',
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
        "Error from server (TooManyRequests): too many requests",
        "Error from server: etcdserver: request timed out",
        'error: error validating "STDIN": error validating data: failed to download openapi: connection refused',
        "",
    ],
)
def test_what_kept_the_api_server_from_judging_is_a_breakdown(asked: Any, said: str) -> None:
    with pytest.raises(ProcessError, match="ended with exit code 1"):
        asked(failing(said)).dry_run("kind: ConfigMap")


def test_a_kubectl_that_does_not_end_or_is_killed_refuses_nothing(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_TIMEOUT_S", 0.3)
    slow = asked("echo 'Error from server (Invalid): one of two' >&2; exec sleep 60")
    with pytest.raises(ProcessError, match=r"did not end within 0\.3 s"):
        slow.dry_run("kind: ConfigMap")
    with pytest.raises(ProcessError, match="exit code -9"):
        asked("echo 'Error from server (Invalid): one of two' >&2; kill -9 $$").dry_run("kind: ConfigMap")
