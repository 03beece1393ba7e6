"""A kept Kind cluster that is taken again, without an engine: what happens to it, and in which order."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.fake_docker import FakeDocker, docker
from support.kind_provider import provider

from conformance.errors import KubeError, ProcessError, ProviderError
from conformance.kube.client import KubeClient
from conformance.providers import kind_inside, reusing
from conformance.providers.kind import KindProvider
from conformance.providers.kind_cluster import ClusterCommands
from conformance.providers.kind_inside import wait_answers

__all__ = ["docker"]
IMAGE = "ghcr.io/fluxcd/source-controller:v1.8.0"
REFUSED = "ERROR: failed to load image"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))


def test_the_api_server_of_a_node_that_was_just_started_is_waited_for() -> None:
    answers: list[Any] = [KubeError("connection refused"), KubeError("503"), []]

    class Client:
        def objects(self, *_: str) -> list[Any]:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return list(answer)

    client: Any = Client()
    wait_answers(client, timeout_s=30)
    assert answers == []
    answers.append(KubeError("connection refused"))
    with pytest.raises(ProviderError, match=r"the kept cluster's API server answers .*connection refused") as told:
        wait_answers(client, timeout_s=0)
    assert "docker logs" in told.value.hint


def reused(docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[KindProvider, list[str]]:
    """Return the provider of a kept cluster whose wipe is as far as it goes, and what happens in it."""
    made, order = provider(docker, tmp_path, reuse="kept"), list[str]()
    docker.says("exec")
    made._private.mkdir(parents=True)
    made._components = {"source-controller": "v1.8.0", "helm-controller": "v1.5.0"}

    def load(_: object, images: list[str], **__: object) -> dict[str, str]:
        order.extend(f"loaded {image}" for image in images)
        return {}

    def wipe(*_: object, **__: object) -> None:
        order.append("wiped")
        raise ProviderError("far enough")

    monkeypatch.setattr(KubeClient, "from_kubeconfig", lambda *_, **__: None)
    monkeypatch.setattr(kind_inside, "wait_answers", lambda *_, **__: order.append("answers"))
    monkeypatch.setattr(ClusterCommands, "load", load)
    monkeypatch.setattr(reusing, "wipe", wipe)
    return made, order


def test_a_kept_cluster_gets_the_images_of_this_run_before_anything_of_it_goes(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.holds(IMAGE)
    made, order = reused(docker, tmp_path, monkeypatch)
    with pytest.raises(ProviderError, match="far enough"):
        made.up()
    assert order == ["answers", f"loaded {IMAGE}", "wiped"]
    own = "staging: ghcr.io/fluxcd/"
    assert made._notes[:2] == [
        f"{own}source-controller:v1.8.0 loaded from the local engine (sha256:id-of-{IMAGE})",
        f"{own}helm-controller:v1.5.0 is not in the local engine: the node has it, or pulls it",
    ]
    assert not [note for note in made._notes if "kube-router" in note]


def test_a_kept_cluster_stays_as_it_is_where_its_images_cannot_be_loaded(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> None:
        raise ProcessError("'python' did not end within 120 s")

    docker.holds(IMAGE)
    made, order = reused(docker, tmp_path, monkeypatch)
    monkeypatch.setattr(ClusterCommands, "load", load)
    with pytest.raises(ProviderError, match="images cannot be loaded into the node"):
        made.up()
    assert order == ["answers"]


def test_an_image_that_a_kept_node_does_not_take_is_told_when_it_is_missed(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.holds(IMAGE)
    made, _ = reused(docker, tmp_path, monkeypatch)
    monkeypatch.setattr(ClusterCommands, "load", lambda *_, **__: {IMAGE: REFUSED})
    with pytest.raises(ProviderError, match="far enough"):
        made.up()
    waiting = {"image": IMAGE, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    made._client = cast("Any", SimpleNamespace(objects=lambda *_: [{"status": {"containerStatuses": [waiting]}}]))
    with pytest.raises(ProviderError, match=f"cannot pull {IMAGE}; it could not be loaded: {REFUSED}"):
        made.broken()


def test_an_image_that_an_init_container_waits_for_is_told_too() -> None:
    def waits(image: str, reason: str) -> dict[str, Any]:
        return {"image": image, "state": {"waiting": {"reason": reason}}}

    status = {
        "containerStatuses": [waits("main:1", "PodInitializing")],
        "initContainerStatuses": [waits("first:1", "ErrImagePull")],
    }
    client: Any = SimpleNamespace(objects=lambda *_: [{"status": status}])
    assert kind_inside.not_pulled(client) == ["first:1"]
