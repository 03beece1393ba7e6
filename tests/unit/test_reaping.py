"""What a killed run left in the engine is removed, and nothing else is."""

import json
import socket
from pathlib import Path

import pytest
from support.fake_docker import FakeDocker, docker

from conformance.errors import InputError
from conformance.process import own_identity
from conformance.providers import reaping
from conformance.providers.reaping import BASELINE, OWNER_LABEL, RUN_LABEL, kept_folder, labels, reap, require_kept

__all__ = ["docker"]
NAME = "ftc-x-staging"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def of_dead_run(*, host: str = "") -> dict[str, str]:
    owner = [host or socket.gethostname(), own_identity()[0], 1.0, str(kept_folder(NAME))]
    return {RUN_LABEL: "run-that-is-dead", OWNER_LABEL: json.dumps(owner)}


def answering(docker: FakeDocker, found: dict[str, str]) -> FakeDocker:
    docker.says("ps", f"{NAME}-control-plane\n")
    docker.says("rm")
    docker.says("network rm")
    docker.network(NAME, found)
    return docker


def removed(docker: FakeDocker) -> list[str]:
    return [line for line in docker.asked if line.startswith(("rm ", "network rm"))]


def keep(name: str = NAME) -> Path:
    folder = kept_folder(name)
    folder.mkdir(parents=True)
    (folder / BASELINE).write_text("[]")
    return folder


def test_what_a_dead_run_left_is_removed_cluster_first(docker: FakeDocker) -> None:
    assert reap(answering(docker, of_dead_run()).engine) == [NAME]
    assert removed(docker) == [f"rm --force --volumes {NAME}-control-plane", f"network rm {NAME}"]


def test_a_live_run_of_this_machine_keeps_what_it_has(docker: FakeDocker) -> None:
    assert reap(answering(docker, dict(labels("run", NAME))).engine) == []
    assert removed(docker) == []


@pytest.mark.parametrize("owner", ["", "{}", "[1, 2]", "not JSON", '["host", "x", "y", "z"]'])
def test_what_is_not_labelled_as_the_suite_does_is_not_touched(docker: FakeDocker, owner: str) -> None:
    assert reap(answering(docker, {RUN_LABEL: "r", OWNER_LABEL: owner}).engine) == []
    assert removed(docker) == []


def test_what_another_machine_made_is_not_touched(docker: FakeDocker) -> None:
    assert reap(answering(docker, of_dead_run(host="elsewhere")).engine) == []
    assert removed(docker) == []


def test_a_kept_cluster_outlives_its_run(docker: FakeDocker) -> None:
    folder = keep()
    assert reap(answering(docker, of_dead_run()).engine) == []
    assert removed(docker) == []
    assert folder.is_dir()


def test_a_run_that_died_before_its_kept_cluster_stood_is_removed(docker: FakeDocker) -> None:
    kept_folder(NAME).mkdir(parents=True)
    assert reap(answering(docker, of_dead_run()).engine) == [NAME]


def test_the_folder_of_a_kept_cluster_goes_when_somebody_ended_it(docker: FakeDocker) -> None:
    folder = keep("ftc-ended")
    reap(answering(docker, dict(labels("run", NAME))).engine)
    assert not folder.exists()


def test_a_kept_cluster_can_be_taken_again(docker: FakeDocker) -> None:
    keep()
    require_kept(answering(docker, of_dead_run()).engine, NAME)


def test_a_name_taken_by_a_cluster_of_somebody_else_is_refused(docker: FakeDocker) -> None:
    docker.says("network ls", "")
    docker.says("ps", "kind-control-plane\n")
    with pytest.raises(InputError, match="not one that the suite kept") as refused:
        require_kept(docker.engine, "kind")
    assert refused.value.hint == "none is kept; --flux-keep keeps one"


def test_a_cluster_that_is_not_there_is_refused_with_those_that_are(docker: FakeDocker) -> None:
    keep()
    answering(docker, of_dead_run())
    docker.says("ps --all --filter label=io.x-k8s.kind.cluster=other", "")
    with pytest.raises(InputError, match="there is no such cluster") as refused:
        require_kept(docker.engine, "other")
    assert refused.value.hint == f"kept: {NAME}"


def test_the_owner_label_says_where_a_kept_cluster_lies() -> None:
    host, pid, _, folder = json.loads(labels("run", NAME)[OWNER_LABEL])
    assert (host, pid) == (socket.gethostname(), own_identity()[0])
    assert folder == str(reaping.kept_folder(NAME))
