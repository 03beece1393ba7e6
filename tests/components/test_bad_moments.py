"""Real runs that end badly: nothing stays behind, and no breakdown looks like a finding."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from support.binaries import TOOLCHAIN

from conformance.kube.wait import eventually
from conformance.model import Outcome, Verdict
from conformance.process import end_processes, processes_of_run
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report
from conformance.settings import data_dir, environment

pytestmark = pytest.mark.timeout(240)

READY = "fleet and tenants ready done"
QUICK, LASTING = "A02", "C01"
"""A check that reads one Deployment, and one that holds a window after its denial."""


@dataclass
class Run:
    """One `flux-tenancy run` as a user starts it."""

    process: subprocess.Popen[str]
    state: Path
    folder: Path
    said: list[str] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def report(self) -> ConformanceReport:
        return load_report(self.folder)

    def run_ids(self) -> list[str]:
        runs = self.state / "runs"
        return [path.name for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []

    def own(self) -> list[psutil.Process]:
        return [process for run_id in self.run_ids() for process in processes_of_run(run_id)]

    def until_it_says(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if text in line:
                self._look_at_ports()
                return
        pytest.fail(f"ended without '{text}':\n{''.join(self.said)}")

    def until_there_is(self, name: str) -> None:
        eventually(
            lambda: [_name(process) for process in self.own()],
            lambda names: name in names or self.process.poll() is not None,
            timeout_s=120,
            what=f"the run has a process {name}",
        )
        assert self.process.poll() is None, self.end()
        self._look_at_ports()

    def _look_at_ports(self) -> None:
        for process in [psutil.Process(self.pid), *self.own()]:
            self.ports |= _listening(process)

    def end(self) -> int:
        rest, _ = self.process.communicate(timeout=120)
        self.said.append(rest)
        return self.process.returncode

    def assert_gone(self) -> None:
        assert not [path for path in (self.state / "runs").iterdir() if path.is_dir()], self.said
        assert [port for port in self.ports if _is_open(port)] == []
        assert [p for p in psutil.process_iter() if str(self.state) in _command(p)] == []


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _listening(process: psutil.Process) -> set[int]:
    try:
        found = process.net_connections(kind="inet")
    except psutil.Error:
        return set()
    return {connection.laddr.port for connection in found if connection.status == psutil.CONN_LISTEN}


def _is_open(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def flux_clones() -> set[Path]:
    """What flux leaves in the machine's folder for temporary files when it is killed; a run gives it one of its own."""
    return set(Path(tempfile.gettempdir()).glob("flux-*"))


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Run] = []

    def begin(check: str = QUICK, *words: str, name: str = "report") -> Run:
        state, report = tmp_path / "state", tmp_path / name
        given = environment().get(TOOLCHAIN)
        argv = [sys.executable, "-m", "conformance", "run", "-k", check, "--report", str(report), *words]
        argv += ["--toolchain", given] if given else []
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment(), "FLUX_TENANCY_STATE": str(state)},
        )
        started.append(Run(process, state, report))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.communicate()
        end_processes(one.own(), grace_s=0)


@pytest.mark.parametrize(
    ("ending", "moment"),
    [
        (signal.SIGINT, "control plane"),
        (signal.SIGTERM, "control plane"),
        (signal.SIGINT, "bootstrap"),
        (signal.SIGINT, "checks"),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value.replace(" ", "-"),
)
def test_an_interrupted_run_says_so_and_leaves_nothing(start: Start, ending: signal.Signals, moment: str) -> None:
    clones = flux_clones()
    run = start(LASTING if moment == "checks" else QUICK)
    match moment:
        case "control plane":
            run.until_there_is("etcd")
        case "bootstrap":
            run.until_there_is("flux")
        case _:
            run.until_it_says(READY)
    run.process.send_signal(ending)
    assert run.end() == 2, run.said
    run.assert_gone()
    assert flux_clones() <= clones
    assert run.report.verdict is Verdict.INCONCLUSIVE
    assert run.report.breakdowns == ("engine: the run was interrupted before it was complete",)
    assert "verdict  inconclusive" in "".join(run.said)


def test_what_a_killed_run_left_is_reaped_by_the_next_start_and_two_runs_side_by_side_do_well(start: Start) -> None:
    killed = start(name="killed")
    killed.until_there_is("flux")
    left = killed.run_ids()
    killed.process.kill()
    killed.end()
    assert killed.own(), "etcd and its companions outlive a killed owner"
    both = [start(name="first"), start(name="second")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda run: run.until_it_says(READY), both))
        assert not set(left) & set(both[0].run_ids())
        assert [process for run_id in left for process in processes_of_run(run_id)] == []
        assert list(pool.map(lambda run: run.end(), both)) == [0, 0], [run.said for run in both]
    for run in (killed, *both):
        run.assert_gone()
    assert [run.report.verdict for run in both] == [Verdict.CONFORMANT] * 2
    assert both[0].report.run.id != both[1].report.run.id


def test_a_bootstrap_that_fails_is_a_breakdown_of_its_layer(start: Start, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    shutil.copytree(data_dir("fleet-repo"), fleet)
    path = fleet / "clusters" / "staging" / "flux-system" / "kustomization.yaml"
    path.write_text(f"{path.read_text()}\nnoSuchField: true\n")
    run = start(QUICK, "--fleet", str(fleet))
    run.until_there_is("flux")
    assert run.end() == 10, run.said
    run.assert_gone()
    assert run.report.verdict is Verdict.INCONCLUSIVE
    assert [text.partition(":")[0] for text in run.report.breakdowns] == ["bootstrap"]
    assert "noSuchField" in run.report.breakdowns[0]
    assert "ERROR (not a finding): bootstrap: " in "".join(run.said)


def test_an_api_server_that_dies_under_the_checks_is_no_finding(start: Start) -> None:
    run = start(LASTING)
    run.until_it_says(READY)
    (server,) = [process for process in run.own() if _name(process) == "kube-apiserver"]
    assert len(run.ports) > 6, "else nothing would be proved by their being closed"
    server.kill()
    assert run.end() == 10, run.said
    run.assert_gone()
    assert run.report.verdict is Verdict.INCONCLUSIVE
    assert {row.result for row in run.report.results} == {Outcome.ERROR}
