"""The container engine's answers, by a docker that says what it is told."""

import json
import re
from pathlib import Path

import pytest
from support.fake_docker import FakeDocker, docker

from conformance.errors import DeadlineError, InputError, ProcessError, ProviderError
from conformance.providers.engine import Engine

__all__ = ["docker"]


def test_without_a_docker_command_the_next_step_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no `docker` on PATH") as refused:
        Engine.find()
    assert "--flux-provider embedded" in refused.value.hint


def test_an_engine_that_does_not_answer_is_bad_input(docker: FakeDocker) -> None:
    docker.says("info", code=1, error="Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    with pytest.raises(InputError, match="does not answer") as refused:
        docker.engine.facts()
    assert "Cannot connect" in str(refused.value)
    assert "DOCKER_HOST" in refused.value.hint


def test_an_engine_that_answers_with_its_own_errors_does_not_answer(docker: FakeDocker) -> None:
    docker.says("info", json.dumps({"ServerErrors": ["permission denied while trying to connect"]}))
    with pytest.raises(InputError, match="permission denied"):
        docker.engine.facts()


PODMANS = {"host": {"kernel": "6.1.0", "memTotal": 8 * 2**30}, "version": {"Version": "5.4.2"}}


def test_podman_in_dockers_place_is_not_taken_for_a_small_machine(docker: FakeDocker) -> None:
    docker.says("info", json.dumps(PODMANS))
    with pytest.raises(InputError, match="is not Docker's") as refused:
        docker.engine.facts()
    assert "podman" in refused.value.hint
    assert "--flux-provider embedded" in refused.value.hint


def test_facts_are_those_of_the_engines_machine(docker: FakeDocker) -> None:
    facts = docker.engine.facts()
    assert (facts.version, facts.kernel, facts.memory_bytes, facts.cpus) == ("20.10.24", "6.1.0", 8 * 2**30, 2)


def test_an_image_is_held_or_not_and_anything_else_is_a_breakdown(docker: FakeDocker) -> None:
    docker.holds("kindest/node:v1.36.3")
    assert docker.engine.image_id("kindest/node:v1.36.3") == "sha256:id-of-kindest/node:v1.36.3"
    assert docker.engine.image_id("other:1") == ""
    docker.says("image inspect", code=1, error="Cannot connect to the Docker daemon")
    with pytest.raises(ProviderError, match="does not say whether it holds other:1"):
        docker.engine.image_id("other:1")


def test_an_image_that_cannot_be_pulled_says_what_to_do(docker: FakeDocker) -> None:
    docker.says("pull", code=1, error="dial tcp: lookup registry-1.docker.io: no such host")
    with pytest.raises(ProviderError, match="no such host") as refused:
        docker.engine.pull("kindest/node:v1.36.4", timeout_s=5)
    assert "docker load" in refused.value.hint


def test_a_network_has_the_gateway_of_its_ipv4_pool(docker: FakeDocker) -> None:
    docker.says("network create")
    docker.says("network inspect", json.dumps([{"Gateway": "fc00::1"}, {"Gateway": "172.30.0.1"}]))
    assert docker.engine.make_network("n", {"a": "b"}) == "172.30.0.1"
    assert "network create --driver bridge --label a=b n" in docker.asked


@pytest.mark.parametrize(
    ("mtu", "option"),
    [
        ("1450", " --opt com.docker.network.driver.mtu=1450"),
        ("1500", ""),
        ("0", ""),
        ("", ""),
        ("<no value>", ""),
        (None, ""),
    ],
)
def test_a_network_has_the_mtu_of_the_engines_own(docker: FakeDocker, mtu: str | None, option: str) -> None:
    docker.says("network create")
    docker.says("network inspect", json.dumps([{"Gateway": "172.30.0.1"}]))
    question = 'network inspect --format {{index .Options "com.docker.network.driver.mtu"}} bridge'
    docker.says(question, f"{mtu}\n", code=mtu is None, error="network bridge not found" if mtu is None else "")
    assert docker.engine.make_network("n", {"a": "b"}) == "172.30.0.1"
    assert f"network create --driver bridge{option} --label a=b n" in docker.asked


def test_a_pool_whose_gateway_is_empty_has_none(docker: FakeDocker) -> None:
    docker.says("network inspect", json.dumps([{"Subnet": "fc00::/64", "Gateway": ""}, {"Gateway": "172.30.0.1"}]))
    assert docker.engine.gateway("n") == "172.30.0.1"


@pytest.mark.parametrize("pools", [[{"Gateway": "fc00::1"}], [{"Subnet": "172.30.0.0/16", "Gateway": ""}], [], None])
def test_a_network_without_an_ipv4_gateway_is_a_breakdown(docker: FakeDocker, pools: object) -> None:
    docker.says("network inspect", json.dumps(pools))
    with pytest.raises(ProviderError, match="no IPv4 gateway") as refused:
        docker.engine.gateway("n")
    assert "default-address-pools" in refused.value.hint


@pytest.mark.parametrize("gone", ["Error: No such network: n", "Error response from daemon: network n not found"])
def test_a_network_that_went_meanwhile_is_not_listed(docker: FakeDocker, gone: str) -> None:
    docker.says("network ls", "n\n")
    docker.says("network inspect", code=1, error=gone)
    assert docker.engine.networks("l") == []


def test_a_network_that_the_engine_cannot_tell_of_is_not_taken_for_gone(docker: FakeDocker) -> None:
    docker.says("network ls", "n\n")
    docker.says("network inspect", code=1, error="Error response from daemon: context deadline exceeded")
    with pytest.raises(ProviderError, match="deadline exceeded") as refused:
        docker.engine.networks("l")
    assert refused.value.hint == "docker network inspect n"


def test_an_engine_out_of_networks_says_what_to_do(docker: FakeDocker) -> None:
    docker.says("network create", code=1, error="could not find an available, non-overlapping IPv4 address pool")
    with pytest.raises(ProviderError, match="non-overlapping") as refused:
        docker.engine.make_network("n", {})
    assert "docker network prune" in refused.value.hint


def test_nodes_are_removed_with_their_volumes_and_what_is_gone_is_no_error(docker: FakeDocker) -> None:
    docker.says("ps", "c-control-plane\nc-worker\n")
    docker.says("rm", code=1, error="Error: No such container: c-worker")
    docker.says("rm --force --volumes c-control-plane")
    docker.engine.remove_nodes("c")
    assert "ps --all --filter label=io.x-k8s.kind.cluster=c --format {{.Names}}" in docker.asked
    assert "rm --force --volumes c-worker" in docker.asked


def test_a_node_that_somebody_else_is_removing_is_waited_for(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.says("rm", code=1, error="Error response from daemon: removal of container c is already in progress")
    listed = iter([["c"], ["c"], []])
    engine = docker.engine
    monkeypatch.setattr(engine, "nodes", lambda _: next(listed))
    engine.remove_nodes("c")
    assert list(listed) == []


def test_a_node_that_the_engine_is_still_making_is_waited_for(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.says("rm")
    engine = docker.engine
    listed: list[list[str]] = [[], [], ["c-control-plane"]]
    monkeypatch.setattr(engine, "nodes", lambda _: listed.pop(0))
    engine.remove_nodes("c", coming=True)
    assert docker.asked == ["rm --force --volumes c-control-plane"]
    monkeypatch.setattr("conformance.providers.engine.COMING_S", 0.0)
    listed += [[], []]
    engine.remove_nodes("c", coming=True)
    listed += [[]]
    engine.remove_nodes("c")
    assert listed == []
    assert docker.asked == ["rm --force --volumes c-control-plane"]


@pytest.mark.parametrize("gone", ["Error: No such container: gone", "Error response from daemon: no such object: gone"])
def test_a_node_runs_or_not(docker: FakeDocker, gone: str) -> None:
    docker.says("container inspect --format {{.State.Running}} c", "true\n")
    docker.says("container inspect --format {{.State.Running}} d", "false\n")
    docker.says("container inspect --format {{.State.Running}} gone", code=1, error=gone)
    assert [docker.engine.runs(name) for name in ("c", "d", "gone")] == [True, False, False]


def test_an_engine_that_does_not_answer_has_not_said_that_a_node_does_not_run(docker: FakeDocker) -> None:
    docker.says(
        "container inspect", code=1, error="Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
    )
    with pytest.raises(ProviderError, match=r"(?s)does not say whether c runs: .*Cannot connect") as raised:
        docker.engine.runs("c")
    assert raised.value.hint == "docker container inspect c"


def test_what_cannot_be_removed_names_the_command(docker: FakeDocker) -> None:
    docker.says("network rm", code=1, error="network n has active endpoints")
    with pytest.raises(ProviderError, match="active endpoints") as refused:
        docker.engine.remove_network("n")
    assert refused.value.hint == "remove it by hand: docker network rm n"


def test_a_command_in_an_image_has_no_network(docker: FakeDocker) -> None:
    docker.says("run", "seen")
    assert docker.engine.in_image("i", ["sh", "-c", "x"]) == "seen"
    words = r"run --rm --name=conformance-[0-9a-f]{8} --privileged --network=none --entrypoint=sh i -c x"
    assert re.fullmatch(words, docker.asked[-1])
    docker.says("exec", code=1, error="no")
    with pytest.raises(ProcessError):
        docker.engine.in_node("n", ["true"])


def test_a_container_that_ran_into_its_deadline_does_not_stay(docker: FakeDocker) -> None:
    asked, binary = docker.folder / "asked", docker.folder / "docker"
    binary.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n[ "$1" != run ] || exec sleep 60\n')
    with pytest.raises(DeadlineError):
        docker.engine.in_image("i", ["sh", "-c", "x"], timeout_s=0.5)
    begun, removed = docker.asked
    name = begun.split()[2].removeprefix("--name=")
    assert removed == f"rm --force --volumes {name}"
