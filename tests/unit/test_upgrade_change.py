"""The order of an upgrade under attack, and what is recorded of one that breaks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.attacks import ARSENAL

import conformance.upgrading as module
from conformance.errors import BootstrapError, KubeError, WaitTimeout
from conformance.providers.history import History
from conformance.timeline import Act, Moved, Twin
from conformance.upgrading import Change
from conformance.upgrading.workloads import State


class FakeUpgrade:
    route = "hand"

    def __init__(self, steps: list[str], problem: Exception | None = None) -> None:
        self.steps = steps
        self.problem = problem

    def begin(self) -> None:
        self.steps.append("begin")

    def wait(self) -> None:
        self.steps.append("wait")
        if self.problem:
            raise self.problem


class FakeLoop:
    steps: list[str]

    def __init__(self, *_: Any) -> None:
        pass

    @contextmanager
    def running(self) -> Iterator[None]:
        self.steps.append("attack")
        try:
            yield
        finally:
            self.steps.append("attacked")

    def await_denials(self, count: int, *, since: float) -> None:
        self.steps.append(f"{count} denials {'before' if since == 0.0 else 'after'}")


def deployment(name: str, tag: str) -> dict[str, Any]:
    image = f"ghcr.io/fluxcd/{name}:{tag}@sha256:{'0' * 64}"
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": [{"image": image}]}}}}


class FakeCluster:
    """Its Deployments name the old release when they are listed first, and the new one afterwards."""

    def __init__(self) -> None:
        self.history_of = History()
        self.listed = [["v1.9.3", "v1.9.2"], ["v1.9.5", "v1.9.4"]]
        self.host = SimpleNamespace(history=self.history_of.marks)

    def objects(self, *_: str, **__: str) -> list[dict[str, Any]]:
        kustomize, notification = self.listed.pop(0)
        return [deployment("kustomize-controller", kustomize), deployment("notification-controller", notification)]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    states = [{"flag": "on", "other": "x"}, {"flag": "off", "other": "x"}]
    FakeLoop.steps = done

    def prove(_: Any, __: Any, when: str) -> list[Twin]:
        done.append(f"twins {when}")
        return [Twin(kind="foreign-source", when=when, works=True, said="Ready")]

    monkeypatch.setattr(module, "AttackLoop", FakeLoop)
    monkeypatch.setattr(module, "arsenal", lambda _: ARSENAL)
    monkeypatch.setattr(module, "plant", lambda *_: done.append("plant"))
    monkeypatch.setattr(module, "prove", prove)
    monkeypatch.setattr(module, "remove", lambda *_: done.append("remove"))
    monkeypatch.setattr(module, "listed_kinds", lambda _: [("v1", "Pod")])
    monkeypatch.setattr(module, "inventory", lambda *_: {"apps/Pod/podinfo": State("1", 1, {})})
    monkeypatch.setattr(module.lockdown, "read_all", lambda _: states.pop(0))
    return done


def platform(tmp_path: Path, cluster: FakeCluster) -> Any:
    return SimpleNamespace(
        environment="staging",
        report=tmp_path,
        redact=str,
        client=cluster,
        cluster=cluster,
        flux_namespace="flux-system",
    )


def test_attacks_begin_before_the_change_and_end_after_it(tmp_path: Path, steps: list[str]) -> None:
    record = Change(platform(tmp_path, FakeCluster()), FakeUpgrade(steps), "2.9.2", "2.9.5").run()
    assert steps == [
        "plant", "twins before", "attack", "2 denials before", "begin", "wait", "2 denials after", "attacked",
        "twins after", "remove",
    ]  # fmt: skip
    assert (record.broke, [one.when for one in record.twins]) == ("", ["before", "after"])
    assert record.ended is not None
    assert record.ended >= record.began


@pytest.mark.parametrize("problem", [BootstrapError("not Ready"), WaitTimeout("late"), KubeError("no answer")])
def test_an_upgrade_that_breaks_is_recorded_and_cleaned_up(
    tmp_path: Path, steps: list[str], problem: Exception
) -> None:
    record = Change(platform(tmp_path, FakeCluster()), FakeUpgrade(steps, problem), "2.9.2", "2.9.5").run()
    assert (record.broke, record.ended) == (str(problem), None)
    assert steps[-2:] == ["attacked", "remove"]


def test_ctrl_c_is_no_record(tmp_path: Path, steps: list[str]) -> None:
    interrupted: Any = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        Change(platform(tmp_path, FakeCluster()), FakeUpgrade(steps, interrupted), "2.9.2", "2.9.5").run()


def test_the_version_that_runs_is_the_processs_own(tmp_path: Path, steps: list[str]) -> None:
    cluster = FakeCluster()
    for name, version in (("kustomize-controller", "v1.9.5"), ("notification-controller", "v1.9.2")):
        cluster.history_of.add(name, Act.STARTS, version)
    record = Change(platform(tmp_path, cluster), FakeUpgrade(steps), "2.9.2", "2.9.5").run()
    assert record.controllers == [
        Moved(controller="kustomize-controller", before="v1.9.3", after="v1.9.5", runs="v1.9.5"),
        Moved(controller="notification-controller", before="v1.9.2", after="v1.9.4", runs="v1.9.2"),
    ]
    assert record.controls == {"flag": ("on", "off")}
    assert (record.tenants, record.tenant_objects) == ({}, 1)
