"""The Kind provider, without an engine: its order of events, and what it leaves."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from support.fake_docker import FakeDocker, docker

from conformance.errors import ProcessError, ProviderError
from conformance.process import run
from conformance.providers.kind import KindProvider
from conformance.providers.kind_cluster import ClusterCommands, retaining
from conformance.providers.kind_plan import KindPlan, NodeImage
from conformance.providers.reaping import kept_folder
from conformance.runs import RunFolder
from conformance.settings import Timeouts, environment

__all__ = ["docker"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))


def provider(docker: FakeDocker, folder: Path, **plan: Any) -> KindProvider:
    run = RunFolder("20261121T000000Z-abc", folder / "run")
    image = NodeImage(reference="kindest/node:v1.36.3", held=True)
    return KindProvider(
        folder=run,
        name="staging",
        plan=KindPlan(engine=docker.engine, facts=docker.engine.facts(), image=image, **plan),
        components={},
        binary=lambda name: folder / name,
        logs=folder / "logs",
        timeouts=Timeouts(),
        say=lambda _: None,
    )


def networked(docker: FakeDocker, gateway: str) -> FakeDocker:
    docker.says("network create")
    docker.says("network inspect", json.dumps([{"Gateway": gateway}]))
    docker.says("network ls")
    docker.says("network rm")
    docker.says("ps")
    return docker


def test_the_network_is_there_before_the_cluster_and_goes_with_it(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    assert made.prepare() == "127.0.0.1"
    (create,) = [line for line in docker.asked if line.startswith("network create")]
    assert create.endswith(" ftc-20261121t000000z-abc-staging")
    assert "dev.fluxtenancy.conformance.run=20261121T000000Z-abc" in create
    made.down()
    assert docker.asked[-1] == "network rm ftc-20261121t000000z-abc-staging"
    assert not (tmp_path / "run" / "staging").exists()


def test_an_engine_of_another_machine_is_refused_with_the_reason(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(networked(docker, "192.0.2.1"), tmp_path)
    with pytest.raises(ProviderError, match=r"192\.0\.2\.1, the gateway .* is no address of this machine") as refused:
        made.prepare()
    assert "remote, rootless or desktop" in refused.value.hint
    made.down()
    assert docker.asked[-1].startswith("network rm")


def test_down_without_prepare_asks_the_engine_for_nothing(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(docker, tmp_path)
    before = docker.asked
    made.down()
    assert docker.asked == before


def test_a_cluster_to_keep_that_never_stood_is_removed_all_the_same(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(networked(docker, "127.0.0.1"), tmp_path, keep=True)
    made.prepare()
    folder = kept_folder("ftc-20261121t000000z-abc-staging")
    assert folder.is_dir()
    made.down()
    assert docker.asked[-1].startswith("network rm")
    assert not folder.exists()


def test_a_failed_node_stays_for_a_look(tmp_path: Path) -> None:
    script = retaining(Path("/bin/echo"), tmp_path)
    assert run([script, "create", "cluster", "--name=c"], timeout_s=10).stdout == "create cluster --name=c --retain\n"
    assert run([script, "get", "clusters"], timeout_s=10).stdout == "get clusters\n"


def test_kind_cluster_runs_as_a_child_in_the_runs_folder(tmp_path: Path) -> None:
    kind = tmp_path / "kind"
    kind.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    kind.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    commands = ClusterCommands(
        name="c", kind=kind, kubectl=kind, kubeconfig=tmp_path / "kubeconfig", folder=work, env=environment()
    )
    commands.load(["image:1", "image:2"], timeout_s=60)
    said = (tmp_path / "asked").read_text().splitlines()
    assert said == ["load docker-image --name c image:1", "load docker-image --name c image:2"]
    assert not Path(".pytest-kind").exists()


def test_what_kind_says_of_its_failure_is_told(tmp_path: Path) -> None:
    kind = tmp_path / "kind"
    kind.write_text("#!/bin/sh\necho 'ERROR: image: not present locally' >&2\nexit 1\n")
    kind.chmod(0o755)
    commands = ClusterCommands(
        name="c", kind=kind, kubectl=kind, kubeconfig=tmp_path / "kubeconfig", folder=tmp_path, env=environment()
    )
    with pytest.raises(ProcessError, match="not present locally"):
        commands.load(["image:1"], timeout_s=60)


def test_images_that_cannot_be_pulled_are_named(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(docker, tmp_path)
    waiting = {"image": "ghcr.io/fluxcd/x:v1", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    running = {"image": "pause:1", "state": {"running": {}}}

    class Client:
        def objects(self, *_: object) -> list[object]:
            return [{"status": {"containerStatuses": [waiting, running]}}]

    made._client = cast("Any", Client())
    with pytest.raises(ProviderError, match=r"the node cannot pull ghcr\.io/fluxcd/x:v1"):
        made.broken()


def test_images_of_this_machine_are_named_and_others_are_for_the_node(docker: FakeDocker, tmp_path: Path) -> None:
    docker.holds("ghcr.io/fluxcd/source-controller:v1.9.3")
    made = provider(docker, tmp_path)
    made._components = {"source-controller": "v1.9.3", "helm-controller": "v1.6.2"}
    assert made.held_images() == {"source-controller": "ghcr.io/fluxcd/source-controller:v1.9.3"}
