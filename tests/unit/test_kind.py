"""The Kind provider, without an engine: its order of events, and what it leaves."""

import contextlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.fake_docker import FakeDocker, docker
from support.kind_provider import provider

from conformance.errors import DeadlineError, InputError, ProcessError, ProviderError
from conformance.process import run
from conformance.providers.kept import BASELINE, kept_folder
from conformance.providers.kind_cluster import ClusterCommands, retaining
from conformance.providers.kind_inside import wait_policies
from conformance.providers.loading import Loading
from conformance.providers.reaping import labels
from conformance.settings import Timeouts, environment

__all__ = ["docker"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))


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


def test_an_image_that_a_killed_kind_left_goes_with_the_run(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    made.prepare()
    leave = 'd=$(mktemp -d -t images-tar-XXXX); echo image > "$d/images.tar"; kill -9 $$'
    with pytest.raises(ProcessError):
        run(["sh", "-c", leave], timeout_s=10, env=made._environment())
    assert list((tmp_path / "run").rglob("images.tar"))
    made.down()
    assert not list((tmp_path / "run").rglob("images.tar"))
    monkeypatch.setenv("TMPDIR", "/chosen")  # as docker in a snap needs it
    assert made._environment()["TMPDIR"] == "/chosen"


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
    failed = commands.load(["image:1", "image:2"], timeout_s=60)
    said = (tmp_path / "asked").read_text().splitlines()
    assert said == ["load docker-image --name c image:1", "load docker-image --name c image:2"]
    assert failed == {}
    assert not Path(".pytest-kind").exists()


def failing(tmp_path: Path, script: str) -> ClusterCommands:
    kind = tmp_path / "kind"
    kind.write_text(f"#!/bin/sh\n{script}\n")
    kind.chmod(0o755)
    return ClusterCommands(
        name="c", kind=kind, kubectl=kind, kubeconfig=tmp_path / "kubeconfig", folder=tmp_path, env=environment()
    )


def test_what_kind_says_of_its_failure_is_told(tmp_path: Path) -> None:
    commands = failing(tmp_path, "echo 'ERROR: failed to create cluster' >&2; exit 1")
    with pytest.raises(ProcessError, match="failed to create cluster"):
        commands.create("image:1", tmp_path / "kind.yaml", timeout_s=60)


HALF = """case "$5" in image:1)
  printf 'Loading\\nERROR: failed to load image\\nCommand Output: ctr: not found\\n' >&2
  exit 1 ;;
esac"""
"""Refuses the first image, as kind does of an engine that keeps images as containerd does."""
REFUSED = "ERROR: failed to load image; Command Output: ctr: not found"


def test_an_image_that_cannot_be_loaded_does_not_keep_the_others(tmp_path: Path) -> None:
    failed = failing(tmp_path, f'echo "$5" >> {tmp_path}/asked; {HALF}').load(["image:1", "image:2"], timeout_s=60)
    assert failed == {"image:1": REFUSED}
    assert (tmp_path / "asked").read_text().split() == ["image:1", "image:2"]


def test_what_cannot_be_loaded_is_left_for_the_node_to_pull(docker: FakeDocker, tmp_path: Path) -> None:
    docker.holds("image:1", "image:2")
    docker.says("exec")
    images = ["image:1", "image:2", "image:3"]
    loading = Loading(docker.engine, failing(tmp_path, HALF), "c-control-plane", images, Timeouts())
    with loading.beside():
        pass
    assert loading.notes == [
        f"image:1 could not be loaded and is left for the node to pull: {REFUSED}",
        "image:2 loaded from the local engine (sha256:id-of-image:2)",
        "image:3 is for the node to pull",
    ]


def test_a_policy_engine_that_does_not_run_names_its_image() -> None:
    spec = {"template": {"spec": {"containers": [{"image": "docker.io/cloudnativelabs/kube-router:v2.2.1"}]}}}

    class Client:
        ready = 0

        def objects_at(self, *_: object, fields: str, **__: object) -> tuple[list[Any], str]:
            assert fields == "metadata.name=kube-router"
            return [{"spec": spec, "status": {"numberReady": self.ready}}], "1"

    client: Any = Client()
    with pytest.raises(ProviderError, match=r"its image is docker\.io/cloudnativelabs/kube-router:v2\.2\.1"):
        wait_policies(client, "kube-router", timeout_s=0)
    client.ready = 1
    wait_policies(client, "kube-router", timeout_s=0)


@pytest.mark.parametrize(
    ("ended", "coming"),
    [
        (KeyboardInterrupt(), True),
        (DeadlineError("did not end within 300 s"), True),
        (ProcessError("ended with exit code 1"), False),
        (None, False),
    ],
)
def test_a_node_that_was_being_made_when_the_run_was_ended_goes_too(
    docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: BaseException | None, coming: bool
) -> None:
    def create(*_: object, **__: object) -> None:
        if ended is not None:
            raise ended

    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    docker.says("run")
    docker.holds()
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(ClusterCommands, "create", create)
    monkeypatch.setattr(made._engine, "remove_nodes", lambda name, *, coming: asked.append((name, coming)))
    made.prepare()
    with contextlib.suppress(KeyboardInterrupt, ProviderError):
        made._create()
    made.down()
    assert asked == [("ftc-20261121t000000z-abc-staging", coming)]
    assert docker.asked[-1].startswith("network rm")


def test_the_cluster_goes_whatever_fails_before_it(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    made.prepare()

    class Client:
        def close(self) -> None:
            raise OSError("no space left on device")

    made._client = made._audit = cast("Any", Client())
    with pytest.raises(OSError, match="no space left"):
        made.down()
    assert docker.asked[-1].startswith("network rm")
    assert not (tmp_path / "run" / "staging").exists()


def test_an_audit_log_that_cannot_be_copied_is_told_and_stops_nothing(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    said: list[str] = []
    made._say = said.append
    made.prepare()
    log = tmp_path / "run" / "staging" / "node" / "audit" / "audit.log"
    log.parent.mkdir(parents=True)
    log.touch()
    (tmp_path / "logs" / "audit.log" / "audit.log").mkdir(parents=True)
    made.down()
    assert "the audit log" in said[0]
    assert docker.asked[-1].startswith("network rm")


@pytest.mark.parametrize("runs", ["true", "false"])
def test_a_node_that_died_under_the_checks_leaves_its_logs(docker: FakeDocker, tmp_path: Path, runs: str) -> None:
    kind = tmp_path / "kind"
    kind.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    kind.chmod(0o755)
    made = provider(networked(docker, "127.0.0.1"), tmp_path)
    made.prepare()
    docker.says("container inspect", f"{runs}\n")
    made._host = cast("Any", SimpleNamespace(stop=lambda: None))
    made.down()
    assert (tmp_path / "asked").exists() is (runs == "false")
    assert docker.asked[-1].startswith("network rm")


def test_an_engine_that_does_not_answer_makes_no_node_dead(docker: FakeDocker, tmp_path: Path) -> None:
    made, said = provider(networked(docker, "127.0.0.1"), tmp_path), list[str]()
    made._say = said.append
    made.prepare()
    docker.says("container inspect", code=1, error="Cannot connect to the Docker daemon")
    made._host = cast("Any", SimpleNamespace(stop=lambda: None))
    made.down()
    assert [text for text in said if "does not run" in text] == []
    assert [text for text in said if "is not known" in text and "Cannot connect" in text] != []
    assert docker.asked[-1].startswith("network rm")


def test_a_kept_cluster_is_this_runs_alone_until_its_end(docker: FakeDocker, tmp_path: Path) -> None:
    name = "ftc-20261121t000000z-abc-staging"
    first = provider(networked(docker, "127.0.0.1"), tmp_path, keep=True)
    first.prepare()
    (kept_folder(name) / BASELINE).write_text("[]")
    docker.network(name, dict(labels("20261121T000000Z-abc", name)))
    second = provider(docker, tmp_path, reuse=name)
    said: list[str] = []
    second._say = said.append
    with pytest.raises(InputError, match="in use by the run 20261121T000000Z-abc"):
        second.prepare()
    second.down()
    assert said == []
    first.down()
    assert second.prepare() == "127.0.0.1"
    second.down()
    assert "stays" in said[-1]
    assert not [line for line in docker.asked if line.startswith(("rm", "network rm"))]


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


def test_an_image_that_was_there_and_could_not_be_loaded_says_why(docker: FakeDocker, tmp_path: Path) -> None:
    made = provider(docker, tmp_path)
    waiting = {"image": "image:1", "state": {"waiting": {"reason": "ErrImagePull"}}}
    made._client = cast("Any", SimpleNamespace(objects=lambda *_: [{"status": {"containerStatuses": [waiting]}}]))
    made._loading = cast("Any", SimpleNamespace(failed={"image:1": "ERROR: not found", "image:2": "ERROR: other"}))
    with pytest.raises(ProviderError, match=r"cannot pull image:1; it could not be loaded: ERROR: not found\n") as told:
        made.broken()
    assert "other" not in told.value.what


def test_images_of_this_machine_are_named_and_others_are_for_the_node(docker: FakeDocker, tmp_path: Path) -> None:
    docker.holds("ghcr.io/fluxcd/source-controller:v1.9.3")
    made = provider(docker, tmp_path)
    made._components = {"source-controller": "v1.9.3", "helm-controller": "v1.6.2"}
    assert made.held_images() == {"source-controller": "ghcr.io/fluxcd/source-controller:v1.9.3"}
