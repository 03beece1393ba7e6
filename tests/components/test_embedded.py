"""The embedded provider against real binaries: what it binds, what it leaves, and what survives a kill."""

import os
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from conformance.errors import KubeError
from conformance.kube.objects import ref_to
from conformance.kube.wait import eventually
from conformance.process import processes_of_run
from conformance.providers.embedded import EmbeddedProvider
from conformance.providers.protocol import Cluster
from conformance.runs import RunFolder, open_run
from conformance.settings import Timeouts, state_dir

Binary = Callable[[str], Path]


def provider(folder: RunFolder, binary: Binary, logs: Path, name: str = "c") -> EmbeddedProvider:
    return EmbeddedProvider(folder=folder, name=name, binary=binary, logs=logs, timeouts=Timeouts())


@pytest.fixture
def cluster(run_folder: RunFolder, binary: Binary, tmp_path: Path) -> Iterator[Cluster]:
    made = provider(run_folder, binary, tmp_path / "logs")
    yield made.up()
    made.down()


def listening(run_id: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for process in processes_of_run(run_id):
        for connection in process.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.setdefault(process.name(), set()).add(connection.laddr.ip)
    return found


def test_every_listener_is_on_loopback(cluster: Cluster, run_folder: RunFolder) -> None:
    sockets = listening(run_folder.run_id)
    assert {"etcd", "kube-apiserver", "kwok-controller", "kube-scheduler"} <= set(sockets)
    assert set().union(*sockets.values()) == {"127.0.0.1"}


def test_the_kubeconfig_is_private_and_the_users_own_is_not_touched(cluster: Cluster, run_folder: RunFolder) -> None:
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
    assert cluster.kubeconfig.is_relative_to(run_folder.path)
    assert stat.S_IMODE(run_folder.path.stat().st_mode) == 0o700


def test_the_control_plane_is_the_real_one(cluster: Cluster) -> None:
    assert cluster.version == "v1.36.3"
    assert cluster.audit is not None
    before = datetime.now(UTC)
    cluster.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "seen-in-audit"}})
    found = cluster.audit.find(lambda entry: entry.name == "seen-in-audit", since=before, timeout_s=10)
    assert found is not None
    assert (found.verb, found.resource, found.code, found.dry_run) == ("patch", "namespaces", 201, False)


def test_kube_controller_manager_acts_as_its_service_accounts(cluster: Cluster) -> None:
    cluster.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    account = ref_to("ServiceAccount/default", "n")
    eventually(lambda: cluster.client.find(account), lambda s: s is not None, timeout_s=10, what="default account")
    assert cluster.audit is not None
    account = "system:serviceaccount:kube-system:service-account-controller"
    assert cluster.audit.find(lambda e: e.user == account, since=datetime.fromtimestamp(0, UTC), timeout_s=10)


def test_teardown_leaves_no_process_no_folder_and_keeps_the_logs(
    run_folder: RunFolder, binary: Binary, tmp_path: Path
) -> None:
    made = provider(run_folder, binary, tmp_path / "logs")
    made.up()
    assert processes_of_run(run_folder.run_id)
    made.down()
    assert processes_of_run(run_folder.run_id) == []
    assert not (run_folder.path / "c").exists()
    assert (tmp_path / "logs" / "kube-apiserver.log").stat().st_size > 0
    assert (tmp_path / "logs" / "audit.log").stat().st_size > 0


def test_two_clusters_side_by_side(binary: Binary, tmp_path: Path) -> None:
    folders = [open_run(f"test-{secrets.token_hex(4)}") for _ in range(2)]
    makers = [provider(folder, binary, tmp_path / folder.run_id) for folder in folders]
    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda maker: maker.up(), makers)
        first.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "only-in-first"}})
        assert second.client.find(ref_to("Namespace/only-in-first")) is None
        makers[0].down()
        assert second.client.version() == "v1.36.3"
    finally:
        for maker, folder in zip(makers, folders, strict=True):
            maker.down()
            folder.remove()


def test_a_killed_api_server_is_a_breakdown_and_teardown_is_still_complete(
    run_folder: RunFolder, binary: Binary, tmp_path: Path
) -> None:
    made = provider(run_folder, binary, tmp_path / "logs")
    cluster = made.up()
    (server,) = [p for p in processes_of_run(run_folder.run_id) if p.name() == "kube-apiserver"]
    server.kill()
    server.wait(10)
    with pytest.raises(KubeError, match="does not answer"):
        cluster.client.version()
    made.down()
    assert processes_of_run(run_folder.run_id) == []


OWNER = """
import sys, threading
from pathlib import Path
from conformance.providers.embedded import EmbeddedProvider
from conformance.runs import open_run
from conformance.settings import Timeouts
folder, tools, logs = open_run(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
binary = lambda name: Path(dict(p.split("=", 1) for p in tools.split(","))[name])
EmbeddedProvider(folder=folder, name="c", binary=binary, logs=logs, timeouts=Timeouts()).up()
print("up", flush=True)
threading.Event().wait()
"""


def test_the_next_start_reaps_what_a_killed_run_left(binary: Binary, tmp_path: Path) -> None:
    run_id = f"test-{secrets.token_hex(4)}"
    names = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kwokctl")
    tools = ",".join(f"{name}={binary(name)}" for name in names)
    argv = [sys.executable, "-c", OWNER, run_id, tools, str(tmp_path / "logs")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        os.kill(owner.pid, signal.SIGKILL)
    assert processes_of_run(run_id), "the control plane outlives its killed owner"
    open_run(f"test-{secrets.token_hex(4)}").remove()
    assert processes_of_run(run_id) == []
    assert not (state_dir() / "runs" / run_id).exists()
