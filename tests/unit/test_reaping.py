"""What a killed run left in the engine is removed, and nothing else is."""

import json
import socket
from pathlib import Path

import psutil
import pytest
from filelock import FileLock, Timeout
from support.fake_docker import INFO, FakeDocker, docker

from conformance.errors import InputError, ProviderError
from conformance.process_identity import own_identity
from conformance.providers.kept import BASELINE, Hold, claim, kept_folder
from conformance.providers.reaping import OWNER_LABEL, RUN_LABEL, labels, reap, require_kept

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
    claim(name, "engine-1")
    return folder


def test_what_a_dead_run_left_is_removed_cluster_first(docker: FakeDocker) -> None:
    assert reap(answering(docker, of_dead_run()).engine, print) == [NAME]
    assert removed(docker) == [f"rm --force --volumes {NAME}-control-plane", f"network rm {NAME}"]


def test_what_is_removed_is_told_before_it_takes_its_time(docker: FakeDocker) -> None:
    seen: list[tuple[str, list[str]]] = []
    engine = answering(docker, of_dead_run()).engine
    reap(engine, lambda said: seen.append((said, removed(docker))))
    assert seen == [(f"removing what a killed run left in the container engine: {NAME}", [])]


def test_a_node_that_the_engine_makes_for_a_dead_run_is_waited_for(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = answering(docker, of_dead_run()).engine
    listed: list[list[str]] = [[], [], [f"{NAME}-control-plane"]]
    monkeypatch.setattr(engine, "nodes", lambda _: listed.pop(0))
    reap(engine, print)
    assert removed(docker) == [f"rm --force --volumes {NAME}-control-plane", f"network rm {NAME}"]


LATE = "ftc-20261121t000000z-0a1b2c-staging"
_LABEL = "io.x-k8s.kind.cluster"
UNSTARTED = f'ps --all --filter status=created --filter label={_LABEL} --format {{{{.Label "{_LABEL}"}}}}'
EVERY_NETWORK = "network ls --format {{.Name}}"


def with_late(docker: FakeDocker, *networks: str) -> FakeDocker:
    """Answer of a node that the engine made when its run had been told that there is none, and of the user's own."""
    answering(docker, of_dead_run())
    docker.network(NAME, dict(labels("run", NAME)))
    docker.says("ps --all --filter label=", f"{LATE}-control-plane\n")
    docker.says(UNSTARTED, f"{LATE}\nkind\nftc-mine\n")
    docker.says(EVERY_NETWORK, "".join(f"{name}\n" for name in ("bridge", NAME, *networks)))
    return docker


def test_a_node_that_came_after_its_run_had_cleaned_up_is_removed_by_the_next(docker: FakeDocker) -> None:
    said: list[str] = []
    assert reap(with_late(docker).engine, said.append) == [LATE]
    assert removed(docker) == [f"rm --force --volumes {LATE}-control-plane"]
    assert said == [f"removing a node that the container engine made when its run had ended: {LATE}"]
    questions = [line for line in docker.asked if line in (UNSTARTED, EVERY_NETWORK)]
    assert questions == [UNSTARTED, EVERY_NETWORK]


def test_a_node_that_a_run_is_about_to_start_is_not_touched(docker: FakeDocker) -> None:
    assert reap(with_late(docker, LATE).engine, print) == []
    assert removed(docker) == []


def test_a_live_run_of_this_machine_keeps_what_it_has(docker: FakeDocker) -> None:
    assert reap(answering(docker, dict(labels("run", NAME))).engine, print) == []
    assert removed(docker) == []


OTHERS = json.dumps([socket.gethostname(), 1, "2026-11-22", "/x"])
"""As a version that is yet to come might write it."""


@pytest.mark.parametrize("owner", ["", "{}", "[1, 2]", "not JSON", '["host", "x", "y", "z"]', OTHERS])
def test_what_is_not_labelled_as_the_suite_does_is_not_touched(docker: FakeDocker, owner: str) -> None:
    assert reap(answering(docker, {RUN_LABEL: "r", OWNER_LABEL: owner}).engine, print) == []
    assert removed(docker) == []


def test_what_another_machine_made_is_not_touched(docker: FakeDocker) -> None:
    assert reap(answering(docker, of_dead_run(host="elsewhere")).engine, print) == []
    assert removed(docker) == []


def test_a_kept_cluster_outlives_its_run(docker: FakeDocker) -> None:
    folder = keep()
    assert reap(answering(docker, of_dead_run()).engine, print) == []
    assert removed(docker) == []
    assert folder.is_dir()


def test_a_live_run_keeps_what_it_has_whatever_becomes_of_the_clock(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict(labels("run", NAME))
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)
    assert reap(answering(docker, found).engine, print) == []
    assert removed(docker) == []


def test_a_live_run_of_an_earlier_version_keeps_what_it_has(docker: FakeDocker) -> None:
    began = psutil.Process().create_time()
    owner = [socket.gethostname(), own_identity()[0], began, str(kept_folder(NAME))]
    assert reap(answering(docker, {RUN_LABEL: "run", OWNER_LABEL: json.dumps(owner)}).engine, print) == []
    assert removed(docker) == []


def test_a_run_that_died_before_its_kept_cluster_stood_is_removed(docker: FakeDocker) -> None:
    kept_folder(NAME).mkdir(parents=True)
    assert reap(answering(docker, of_dead_run()).engine, print) == [NAME]


def test_the_folder_of_a_kept_cluster_goes_when_somebody_ended_it(docker: FakeDocker) -> None:
    folder = keep("ftc-ended")
    reap(answering(docker, dict(labels("run", NAME))).engine, print)
    assert not folder.exists()


CLUSTERS = f'ps --all --filter label={_LABEL} --format {{{{.Label "{_LABEL}"}}}}'


def test_a_kept_cluster_whose_network_was_pruned_is_not_forgotten_while_its_node_is_there(docker: FakeDocker) -> None:
    folder, said = keep("ftc-stopped"), list[str]()
    engine = answering(docker, dict(labels("run", NAME))).engine
    docker.says(CLUSTERS, "kind\nftc-stopped\n")
    reap(engine, said.append)
    assert folder.is_dir()
    assert removed(docker) == []
    how = "`docker rm --force --volumes ftc-stopped-control-plane` ends it"
    why = f"has lost its network and cannot start again: {how}, and the next run forgets {folder}"
    assert said == [f"the kept cluster ftc-stopped {why}"]
    docker.says(CLUSTERS, "kind\n")
    reap(engine, print)
    assert not folder.exists()


def test_a_kept_cluster_is_not_forgotten_because_the_engine_was_slow(docker: FakeDocker) -> None:
    folder = keep()
    slow = answering(docker, of_dead_run())
    slow.says("network inspect", code=1, error="Error response from daemon: context deadline exceeded")
    with pytest.raises(ProviderError):
        reap(slow.engine, print)
    assert folder.is_dir()
    assert removed(slow) == []


def test_a_kept_cluster_of_another_engine_or_machine_is_not_forgotten(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = keep("ftc-elsewhere")
    here = answering(docker, dict(labels("run", NAME)))
    here.says("info", json.dumps({**INFO, "ID": "engine-2"}))
    reap(here.engine, print)
    here.says("info", json.dumps(INFO))
    monkeypatch.setattr(socket, "gethostname", lambda: "other")
    reap(here.engine, print)
    assert folder.is_dir()


@pytest.mark.parametrize("engine_id", ["", None])
def test_a_kept_cluster_of_nobody_knows_which_engine_stays_and_is_told(
    docker: FakeDocker, engine_id: str | None
) -> None:
    folder = keep("ftc-old")
    if engine_id is None:
        (folder / "engine.json").unlink()
    else:
        claim("ftc-old", engine_id)
        docker.says("info", json.dumps({**INFO, "ID": engine_id}))
    said: list[str] = []
    reap(answering(docker, dict(labels("run", NAME))).engine, said.append)
    assert folder.is_dir()
    assert "nothing says which engine has it" in said[0]


def test_what_was_ended_under_a_live_run_is_not_forgotten_before_its_end(docker: FakeDocker) -> None:
    folder = keep("ftc-ended")
    engine = answering(docker, dict(labels("run", NAME))).engine
    hold = Hold("ftc-ended", "run")
    reap(engine, print)
    assert folder.is_dir()
    hold.end(remove=False)
    reap(engine, print)
    assert list(kept_folder("").iterdir()) == []


def test_a_kept_cluster_has_one_user_at_a_time(docker: FakeDocker) -> None:
    keep()
    engine = answering(docker, of_dead_run()).engine
    hold = Hold(NAME, "run-1")
    with pytest.raises(InputError, match=rf"in use by the run run-1 \(process {own_identity()[0]}\)"):
        require_kept(engine, NAME)
    hold.end(remove=False)
    require_kept(engine, NAME)
    again = Hold(NAME, "run-2")
    again.end(remove=True)
    assert list(kept_folder("").iterdir()) == []


def test_runs_that_start_side_by_side_reap_one_after_the_other(docker: FakeDocker, state: Path) -> None:
    engine = answering(docker, of_dead_run()).engine
    held: list[bool] = []
    lock = FileLock(state / "kind-reap.lock", thread_local=False)

    def look(_: str) -> None:
        with pytest.raises(Timeout):
            lock.acquire(timeout=0)
        held.append(True)

    assert reap(engine, look) == [NAME]
    assert held == [True]
    with lock.acquire(timeout=0):
        assert lock.is_locked


def test_a_kept_cluster_can_be_taken_again(docker: FakeDocker) -> None:
    keep()
    require_kept(answering(docker, of_dead_run()).engine, NAME)


def test_a_name_taken_by_a_cluster_of_somebody_else_is_refused(docker: FakeDocker) -> None:
    docker.says("network ls", "")
    docker.says("ps", "kind-control-plane\n")
    with pytest.raises(InputError, match="not one that the suite kept") as refused:
        require_kept(docker.engine, "kind")
    assert refused.value.hint == "none is kept; --flux-keep keeps one"


def test_a_kept_cluster_without_its_network_is_refused_with_what_ends_it(docker: FakeDocker) -> None:
    keep("ftc-stopped")
    engine = answering(docker, dict(labels("run", NAME))).engine
    with pytest.raises(InputError, match="'ftc-stopped': this cluster has lost its network") as refused:
        require_kept(engine, "ftc-stopped")
    assert refused.value.hint == "`docker rm --force --volumes ftc-stopped-control-plane` ends it"


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
    assert folder == str(kept_folder(NAME))
