"""An engine whose networks this machine is not in is refused before any work, with the next step."""

import json
import platform
import socket

import pytest
from support.fake_docker import INFO, FakeDocker, docker

from conformance.errors import InputError
from conformance.providers.engine_place import require_here
from conformance.providers.kind_plan import examine

__all__ = ["docker"]
HERE = "127.0.0.1"
ELSEWHERE = "192.0.2.1"  # RFC 5737: nobody has it


def look(docker: FakeDocker, *, endpoint: str = "unix:///var/run/docker.sock", gateway: str = HERE) -> None:
    docker.says("context inspect", f"{endpoint}\n")
    docker.says("network inspect --format {{json .IPAM.Config}} bridge", json.dumps([{"Gateway": gateway}]))
    require_here(docker.engine, docker.engine.facts())


@pytest.mark.parametrize(
    "endpoint",
    ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2375", "ssh://me@127.0.0.1", "fd://", ""],
)
def test_an_engine_of_this_machine_is_taken_however_it_listens(docker: FakeDocker, endpoint: str) -> None:
    docker.says("version", "Engine\ncontainerd\nrunc\n")
    look(docker, endpoint=endpoint)


def test_an_engine_that_says_nothing_of_its_place_is_taken(docker: FakeDocker) -> None:
    docker.says("info", json.dumps({"ServerVersion": "18.09"}))
    require_here(docker.engine, docker.engine.facts())
    look(docker, gateway="")


def test_a_rootless_engine_is_refused_with_the_reason_and_the_next_step(docker: FakeDocker) -> None:
    options = ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"]
    docker.says("info", json.dumps({**INFO, "SecurityOptions": options}))
    with pytest.raises(InputError, match="is rootless, so its networks are not") as refused:
        look(docker)
    assert "unix:///var/run/docker.sock" in refused.value.hint
    assert "--flux-provider embedded" in refused.value.hint


def test_podman_behind_dockers_command_line_is_refused(docker: FakeDocker) -> None:
    docker.says("version", "Podman Engine\nConmon\nOCI Runtime (crun)\n")
    with pytest.raises(InputError, match="is podman"):
        look(docker, endpoint="unix:///run/podman/podman.sock")


@pytest.mark.parametrize("endpoint", ["tcp://192.0.2.1:2376", "ssh://me@192.0.2.1", "ssh://unknown.invalid"])
def test_an_engine_of_another_machine_is_named(docker: FakeDocker, endpoint: str) -> None:
    with pytest.raises(InputError, match=f"at {endpoint} is on another machine"):
        look(docker, endpoint=endpoint)


def test_an_engine_of_this_machine_behind_a_proxy_in_a_container_is_taken(docker: FakeDocker) -> None:
    docker.says("info", json.dumps({**INFO, "Name": socket.gethostname()}))
    look(docker, endpoint="tcp://192.0.2.1:2375")


def test_an_engine_in_a_virtual_machine_is_known_by_its_kernel(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.says("info", json.dumps({**INFO, "OperatingSystem": "Docker Desktop"}))
    monkeypatch.setattr(platform, "release", lambda: "6.12.1-here")
    with pytest.raises(InputError, match=r"\(Docker Desktop\) runs .* kernel 6\.1\.0 and not 6\.12\.1-here"):
        look(docker, endpoint="unix:///home/me/.docker/desktop/docker.sock")


def test_the_socket_of_an_engine_in_a_container_does_not_bring_its_networks(docker: FakeDocker) -> None:
    with pytest.raises(InputError, match=r"192\.0\.2\.1, the gateway .* `bridge`, is no address of this machine"):
        look(docker, gateway=ELSEWHERE)


def test_it_is_looked_at_before_anything_is_made_or_removed(docker: FakeDocker) -> None:
    docker.says("info", json.dumps({**INFO, "SecurityOptions": ["name=rootless"], "MemTotal": 1}))
    with pytest.raises(InputError, match="rootless"):
        examine(docker.engine, "")
    assert [line.partition(" ")[0] for line in docker.asked] == ["info", "version"]
