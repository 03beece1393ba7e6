"""The controllers of a cluster with nodes: what is read of their Pods, and how it is put together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from support.fake_docker import FakeDocker, docker

from conformance.errors import KubeError, ProviderError
from conformance.process import Supervisor
from conformance.providers.pod_host import PodHost, _Follower

__all__ = ["docker"]
NAME = "kustomize-controller"
FIELD = "\037"


def pod(name: str = "k-1", *, created: str = "2026-01-01T00:00:00Z", running: bool = True) -> dict[str, Any]:
    state = {"running": {}} if running else {"waiting": {}}
    return {
        "metadata": {"name": name, "uid": f"aa-bb-{name}", "creationTimestamp": created},
        "spec": {"containers": [{"image": f"ghcr.io/fluxcd/{NAME}:v1.9.3"}]},
        "status": {"containerStatuses": [{"containerID": f"containerd://{name}", "state": state}]},
    }


class FakeClient:
    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = list(pods)
        self.logs: dict[str, list[str]] = {}

    def objects(self, *_: object, **__: object) -> list[dict[str, Any]]:
        return self.pods

    def pod_log(self, _: str, name: str, **__: object) -> Iterator[str]:
        if name not in self.logs:
            raise KubeError("gone")
        yield from self.logs[name]


def host(docker: FakeDocker, folder: Path, client: FakeClient) -> PodHost:
    return PodHost(
        client=cast("Any", client),
        engine=docker.engine,
        node="n",
        supervisor=Supervisor("r"),
        kubectl=lambda _: folder / "kubectl",
        kubeconfig=folder / "kubeconfig",
        logs=folder,
    )


def test_arguments_are_those_of_the_process_in_the_pods_cgroup(docker: FakeDocker, tmp_path: Path) -> None:
    processes = [["17", "/sbin/tini", "--", NAME], ["18", f"/usr/bin/{NAME}", "--a", "--b=c d"]]
    docker.says("exec", "".join(FIELD.join(words) + FIELD + "\n" for words in processes))
    found = host(docker, tmp_path, FakeClient(pod())).command_line(NAME)
    assert found == [f"/usr/bin/{NAME}", "--a", "--b=c d"]
    assert "aa[-_]bb[-_]k[-_]1" in docker.asked[-1]


def test_a_process_is_looked_up_once(docker: FakeDocker, tmp_path: Path) -> None:
    docker.says("exec", f"18{FIELD}{NAME}{FIELD}\n")
    reader = host(docker, tmp_path, FakeClient(pod()))
    reader.command_line(NAME)
    before = len(docker.asked)
    reader.command_line(NAME)
    assert len(docker.asked) == before


def test_the_newest_pod_that_runs_counts(docker: FakeDocker, tmp_path: Path) -> None:
    docker.says("exec", f"18{FIELD}{NAME}{FIELD}\n")
    pods = [pod("k-1"), pod("k-2", created="2026-01-02T00:00:00Z"), pod("k-3", created="2026-01-03", running=False)]
    host(docker, tmp_path, FakeClient(*pods)).command_line(NAME)
    assert "k[-_]2" in docker.asked[-1]


def test_a_controller_that_does_not_run_has_no_arguments_and_takes_no_files(docker: FakeDocker, tmp_path: Path) -> None:
    reader = host(docker, tmp_path, FakeClient(pod(running=False)))
    assert reader.command_line(NAME) == []
    with pytest.raises(ProviderError, match="does not run"):
        reader.lay(NAME, tmp_path, "x")
    with pytest.raises(ProviderError, match="nobody takes calls"):
        reader.receiver()


def test_a_log_is_what_was_copied_and_what_came_since(docker: FakeDocker, tmp_path: Path) -> None:
    client = FakeClient(pod())
    client.logs["k-1"] = ["2026-01-01T00:00:01Z one", "2026-01-01T00:00:02Z two", "2026-01-01T00:00:03Z three"]
    reader = host(docker, tmp_path, client)
    follower = _Follower(pod(), NAME)
    reader._followers["c"] = follower
    for line in client.logs["k-1"][:2]:
        reader._copy(follower, line)
    reader._copy(follower, client.logs["k-1"][0])  # the kubelet repeats a second
    assert (tmp_path / f"{NAME}.log").read_text() == "one\ntwo\n"
    assert reader.log(NAME) == "one\ntwo\nthree\n"
    client.logs.clear()
    assert reader.log(NAME) == "one\ntwo\n"


def test_what_is_laid_belongs_to_the_controllers_own_user(docker: FakeDocker, tmp_path: Path) -> None:
    docker.says("cp")
    docker.says("exec", f"18{FIELD}{NAME}{FIELD}\n")
    assert host(docker, tmp_path, FakeClient(pod())).lay(NAME, tmp_path, "x") == "/tmp/x"
    assert f"cp {tmp_path} n:/kind/x" in docker.asked
    assert docker.asked[-1].endswith("sh 18 /kind/x /tmp/x")


def test_no_fault_is_run_in_an_image(docker: FakeDocker, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="cannot be run from unguarded") as refused:
        host(docker, tmp_path, FakeClient()).with_fault(NAME, Path("unguarded"), {"FAULT": "x"})
    assert "--flux-provider embedded" in refused.value.hint


def test_the_images_that_run_are_named_with_their_digest(docker: FakeDocker, tmp_path: Path) -> None:
    state = {"image": f"ghcr.io/fluxcd/{NAME}:v1.9.3", "imageID": "ghcr.io/fluxcd/x@sha256:abc"}
    known = pod()
    known["status"]["containerStatuses"][0] |= state
    (image,) = host(docker, tmp_path, FakeClient(known, pod("other", running=False))).images()
    assert (image.tool, image.module, image.version) == (NAME, f"ghcr.io/fluxcd/{NAME}", "v1.9.3")
    assert (image.binary_sha256, image.source) == ("abc", "image")
