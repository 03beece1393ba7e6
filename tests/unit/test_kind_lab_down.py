"""The lab beside engines, packages and runs of others: it leaves them alone."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from kind_lab import cli, host, lab, traces
from kind_lab.engine import Engine
from kind_lab.host import Impossible, InUse
from kind_lab.layout import Layout

from conformance import process
from conformance.errors import ProcessError
from conformance.process import Completed
from conformance.process_identity import own_identity
from conformance.providers.kept import BASELINE, Hold, kept_folder
from conformance.providers.reaping import OWNER_LABEL, RUN_LABEL, is_used, labels
from conformance.toolchain.progress import Step

NONE = ":FORWARD ACCEPT [0:0]\n"
DOCKERS = ":FORWARD DROP [0:0]\n:DOCKER - [0:0]\n-A FORWARD -j DOCKER\n"
Asked = list[tuple[list[str], str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What was started, with its input; every program succeeds and says nothing, unless `answers` says what."""
    found: Asked = []
    answering(monkeypatch, found, lambda _: "")
    return found


def answering(monkeypatch: pytest.MonkeyPatch, asked: Asked, said: Callable[[list[str]], str]) -> None:
    def run(argv: Any, *, stdin: str | None = None, **_: object) -> Completed:
        words = [str(word) for word in argv]
        asked.append((words, stdin or ""))
        return Completed(said(words), "", 0.0)

    monkeypatch.setattr(process, "run", run)


def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *missing: str) -> None:
    monkeypatch.setattr(host, "PROGRAMS", {str(tmp_path / name): name for name in missing} | {"/bin/sh": "dash"})


@pytest.mark.parametrize("own", ["docker-ce", "containerd.io"])
def test_dockers_own_packages_are_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked, own: str
) -> None:
    programs(monkeypatch, tmp_path, "docker.io", "runc")
    answering(monkeypatch, asked, lambda _: f"bash installed\n{own} installed\n")
    with pytest.raises(Impossible, match=rf"Docker's own \({own}\) that Debian's \(docker\.io, runc\) would replace"):
        host._check_packages()
    assert [words[0] for words, _ in asked] == ["dpkg-query"]


@pytest.mark.parametrize("told", ["bash installed\n", "docker-ce config-files\n", "docker-ce-cli installed\n"])
def test_a_host_without_dockers_own_engine_may_have_debians(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked, told: str
) -> None:
    programs(monkeypatch, tmp_path, "docker.io")
    answering(monkeypatch, asked, lambda _: told)
    host._check_packages()
    assert len(asked) == 1


def test_where_debians_engine_is_nobody_is_asked_for_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    programs(monkeypatch, tmp_path, "debootstrap")
    host._check_packages()
    assert asked == []


def test_apt_get_may_remove_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path, "docker.io")
    monkeypatch.setattr(host, "POLICY", tmp_path / "policy-rc.d")

    def run(argv: list[str], **_: object) -> Completed:
        if "install" in argv:
            assert "--no-remove" in argv
            raise ProcessError("apt-get ended with 100\n  | E: Packages need to be removed but remove is disabled.")
        return Completed("", "", 0.0)

    monkeypatch.setattr(process, "run", run)
    with Step(lambda _: None, "packages", brief=True) as step, pytest.raises(Impossible) as refused:
        host.install(step)
    assert "packages of this host, which stay" in refused.value.hint


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a machine that an engine changes."""
    (tmp_path / "ip_forward").write_text("0\n")
    monkeypatch.setattr(traces, "FORWARDING", tmp_path / "ip_forward")
    monkeypatch.setattr(traces, "BRIDGE", tmp_path / "docker0")
    monkeypatch.setattr(traces, "RECORD", tmp_path / "before.json")
    return tmp_path


def test_the_labs_own_traces_go(machine: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    answering(monkeypatch, asked, lambda _: NONE)
    traces.remember()
    (machine / "docker0").touch()
    (machine / "ip_forward").write_text("1")
    answering(monkeypatch, asked, lambda words: DOCKERS if words == ["iptables-save"] else "")
    traces.restore()
    assert (["ip", "link", "delete", "docker0"], "") in asked
    assert (["iptables-restore"], NONE) in asked
    assert (machine / "ip_forward").read_text() == "0"


def test_a_bridge_and_chains_of_another_engine_stay(
    machine: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    (machine / "docker0").touch()
    answering(monkeypatch, asked, lambda _: DOCKERS)
    traces.remember()
    traces.restore()
    assert [words for words, _ in asked] == [["iptables-save"], ["iptables", "--policy", "FORWARD", "DROP"]]
    assert not (machine / "before.json").exists()


class FakeEngine:
    """Says which clusters are used, and counts how often it was ended."""

    used: list[str]
    stops: int

    def __init__(self, _: Layout) -> None:
        """Take the place of the real one."""

    def used_clusters(self) -> list[str]:
        return self.used

    def stop(self) -> bool:
        type(self).stops += 1
        return True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    FakeEngine.used, FakeEngine.stops = [], 0
    folder = tmp_path / "run"
    folder.mkdir()
    for where in ("kind_lab.layout", "kind_lab.lab"):
        monkeypatch.setattr(f"{where}.RUN", folder)
        monkeypatch.setattr(f"{where}.LOCK", folder / "lock")
    monkeypatch.setattr(lab, "Engine", FakeEngine)
    monkeypatch.setattr(lab, "PATIENCE_S", 0.0)
    return FakeEngine


def test_clusters_of_live_runs_keep_the_engine(
    tmp_path: Path, engine: type[FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    engine.used = ["ftc-a", "ftc-b"]
    assert cli.main(["down"]) == cli.IN_USE
    assert "ftc-a, ftc-b" in capsys.readouterr().err
    assert engine.stops == 0
    assert cli.main(["down", "--force"]) == cli.OK
    assert engine.stops == 1
    assert (tmp_path / "run" / "lock").is_file()


def test_down_does_not_end_what_another_one_brings_up(tmp_path: Path, engine: type[FakeEngine]) -> None:
    lock = FileLock(tmp_path / "run" / "lock")
    with lock, pytest.raises(InUse, match="somebody else"):
        lab.down(Layout(tmp_path), lambda _: None, force=True)
    assert engine.stops == 0
    (tmp_path / "run" / "exec").mkdir()
    (tmp_path / "run" / "docker.pid").touch()
    lab.down(Layout(tmp_path), lambda _: None)
    assert list((tmp_path / "run").iterdir()) == [tmp_path / "run" / "lock"]


def test_a_lab_that_never_was_is_down(tmp_path: Path, engine: type[FakeEngine]) -> None:
    (tmp_path / "run").rmdir()
    lab.down(Layout(tmp_path), lambda _: None)
    assert engine.stops == 1
    assert not (tmp_path / "run").exists()


def test_a_cluster_is_used_by_who_made_it_or_who_took_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path))
    dead = {
        RUN_LABEL: "r",
        OWNER_LABEL: json.dumps([socket.gethostname(), own_identity()[0], 1.0, str(kept_folder("c"))]),
    }
    assert is_used("c", labels("r", "c"))
    assert not is_used("c", dead)
    assert not is_used("c", {})
    kept_folder("c").mkdir(parents=True)
    (kept_folder("c") / BASELINE).write_text("[]")
    assert not is_used("c", dead)
    hold = Hold("c", "r")
    assert is_used("c", dead)
    hold.end(remove=True)


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("'docker network inspect' did not end within 60 s", ["ftc-a"]),
        ("Error: No such network: ftc-a", []),
        ("Error response from daemon: network ftc-a not found", []),
    ],
)
def test_a_cluster_of_which_a_busy_engine_does_not_say_whose_it_is_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, used: list[str]
) -> None:
    def docker(*words: str, **_: object) -> str:
        if words[:2] == ("network", "inspect"):
            raise ProcessError(said)
        return "ftc-a\n"

    real = Engine(Layout(tmp_path))
    monkeypatch.setattr(real, "answers", lambda: True)
    monkeypatch.setattr(real, "docker", docker)
    assert real.used_clusters() == used


CI = Path(__file__).parents[2] / ".ci" / "kind"
PYTHON = '#!/bin/sh\necho "$2" >> {asked}\ncase "$2" in up) exit {up} ;; down) exit {down} ;; esac\n'


@pytest.mark.parametrize(
    ("up", "down", "code", "calls"),
    [
        (0, 0, 0, ["up", "env", "make", "down"]),
        (0, 22, 0, ["up", "env", "make", "down"]),  # another pipeline's runs are in it
        (0, 1, 1, ["up", "env", "make", "down"]),
        (1, 0, 1, ["up", "down"]),  # it may have failed after the engine's start
        (20, 0, 0, ["up"]),
        (21, 0, 0, ["up", "make"]),
        (137, 0, 0, ["up", "down"]),
    ],
)
def test_ci_ends_the_engine_that_it_may_have_started(
    tmp_path: Path, up: int, down: int, code: int, calls: list[str]
) -> None:
    asked = tmp_path / "asked"
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "kind").write_text(CI.read_text())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text(PYTHON.format(asked=asked, up=up, down=down))
    (tmp_path / "make").write_text(f"#!/bin/sh\necho make >> {asked}\n")
    for program in (tmp_path / ".venv" / "bin" / "python", tmp_path / "make"):
        program.chmod(0o755)
    script = f'PATH="{tmp_path}:$PATH" bash {tmp_path}/.ci/kind 100 40; exit $?'
    ended = 0
    try:
        process.run(["bash", "-c", script], timeout_s=60)
    except ProcessError as error:
        ended = int(error.what.splitlines()[0].rpartition(" ")[2])
    assert (ended, asked.read_text().split()) == (code, calls)
