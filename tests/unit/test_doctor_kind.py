"""What `doctor` says of Kind: each question with its next step, and no word of it in the exit code."""

import gzip
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import yaml
from support.fake_docker import GIB, INFO, FakeDocker, docker
from typer.testing import CliRunner

from conformance import cli, doctor_kind
from conformance.doctor import Finding
from conformance.doctor_kind import examine_kind
from conformance.errors import ToolchainError
from conformance.providers import engine as engines
from conformance.providers.kind_plan import kind_data

__all__ = ["docker"]
DATA = yaml.safe_load((kind_data() / "node-images.yaml").read_text())
PINNED = f"kindest/node:v1.36.4@{DATA['images']['v1.36.4']}"


@pytest.fixture(autouse=True)
def machine(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that can."""
    docker.holds(PINNED)
    docker.says("context inspect", "unix:///var/run/docker.sock\n")
    docker.says("version", "Engine\n")
    docker.says("network inspect --format {{json .IPAM.Config}} bridge", json.dumps([{"Gateway": "127.0.0.1"}]))
    docker.says("info", json.dumps({**INFO, "DockerRootDir": str(tmp_path), "Name": socket.gethostname()}))
    configure(monkeypatch, tmp_path, "CONFIG_NFT_QUEUE=m\n")
    monkeypatch.setenv("PATH", str(docker.folder))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8 * GIB, total=8 * GIB))
    monkeypatch.setattr(doctor_kind, "cached_tools", lambda _: [tool("kind"), tool("kubectl")])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50 * GIB))


def tool(name: str) -> SimpleNamespace:
    return SimpleNamespace(origin=SimpleNamespace(tool=name))


def configure(monkeypatch: pytest.MonkeyPatch, folder: Path, options: str) -> None:
    (folder / "config.gz").write_bytes(gzip.compress(f"# CONFIG_OTHER is not set\n{options}".encode()))
    monkeypatch.setattr(doctor_kind, "_CONFIGS", (str(folder / "none-{0}"), str(folder / "config.gz")))


def bad() -> dict[str, Finding]:
    return {one.what: one for one in examine_kind() if not one.good}


def test_a_machine_that_can_is_told_so_and_nothing_is_changed(docker: FakeDocker, tmp_path: Path) -> None:
    found = {one.what: one for one in examine_kind()}
    assert bad() == {}
    assert list(found) == [
        "package",
        "kind and kubectl",
        "container engine",
        "kernel",
        "engine's networks",
        "engine's memory",
        "free memory",
        f"free disk at {tmp_path}",
        "enforcing of NetworkPolicies",
        "node image",
    ]
    assert found["enforcing of NetworkPolicies"].seen.startswith("by kindnet")
    assert found["node image"].seen == f"{PINNED} is held"
    asked = {line.partition(" ")[0] for line in docker.asked if " inspect " not in line}
    assert asked <= {"info", "version"}


@pytest.mark.parametrize(
    ("info", "what", "seen"),
    [
        ({"SecurityOptions": ["name=rootless"]}, "engine's networks", "is rootless"),
        ({"MemTotal": GIB}, "engine's memory", "1.0 GiB"),
        ({"KernelVersion": "4.4.0"}, "kernel", "4.19 or newer"),
    ],
)
def test_what_is_missing_has_a_next_step(docker: FakeDocker, info: dict[str, object], what: str, seen: str) -> None:
    docker.says("info", json.dumps({**INFO, **info}))
    assert seen in bad()[what].seen
    assert bad()[what].remedy


def test_short_of_memory_and_disk_nothing_is_ended(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=GIB))
    found = bad()
    assert "1.0 GiB of this machine's memory are free" in found["free memory"].seen
    assert any(what.startswith("free disk") for what in found)
    assert not [line for line in docker.asked if line.startswith(("rm", "network rm", "network ls", "ps"))]


@pytest.mark.parametrize(
    ("options", "good", "seen"),
    [
        ("CONFIG_IP_SET=y\nCONFIG_NETFILTER_XT_SET=m\n", True, "by kube-router"),
        ("CONFIG_IP_SET=y\n# CONFIG_NETFILTER_XT_SET is not set\n", False, "no engine's rules"),
        ("", False, "no engine's rules"),
    ],
)
def test_who_can_enforce_policies_is_read_from_the_kernels_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: str, good: bool, seen: str
) -> None:
    configure(monkeypatch, tmp_path, options)
    found = next(one for one in examine_kind() if one.what == "enforcing of NetworkPolicies")
    assert found.good is good
    assert seen in found.seen


def test_a_kernel_that_keeps_its_configuration_to_itself_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_kind, "_CONFIGS", ("/nowhere/{0}",))
    assert bad() == {}


def test_without_kind_in_the_cache_there_has_to_be_go(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: Path) -> None:
        raise ToolchainError("no Go here", hint="install it")

    monkeypatch.setattr(doctor_kind, "cached_tools", lambda _: [tool("kubectl")])
    monkeypatch.setattr(doctor_kind, "host_go", lambda _: None)
    assert bad() == {}
    monkeypatch.setattr(doctor_kind, "host_go", none)
    assert bad()["kind and kubectl"].remedy == "install it"


def silent(docker: FakeDocker) -> None:
    (docker.folder / "docker").write_text("#!/bin/sh\nexec /bin/sleep 60\n")


def absent(docker: FakeDocker) -> None:
    (docker.folder / "docker").unlink()


@pytest.mark.parametrize(("engine", "said"), [(silent, "does not answer"), (absent, "no `docker` on PATH")])
def test_no_engine_is_one_finding_within_its_deadline_and_no_exit_code(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, engine: Callable[[FakeDocker], None], said: str
) -> None:
    engine(docker)
    monkeypatch.setattr(doctor_kind, "ANSWER_S", 0.5)
    monkeypatch.setattr(engines, "ANSWER_S", 60.0)
    monkeypatch.setattr(cli, "examine", lambda: [Finding("Python", True, "3.11", "")])
    ended = CliRunner().invoke(cli.app, ["doctor"])
    assert ended.exit_code == 0
    assert said in ended.stdout
    assert ended.stdout.count("NOT") == 1
    assert "next: " in ended.stdout


def test_what_every_provider_needs_still_fails_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "examine", lambda: [Finding("git", False, "none", "install git")])
    assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == 10
