"""The Kind provider against a real engine: what it makes, what it leaves, and what survives a kill.

`make test-kind` starts these: without an engine that answers they fail.
"""

import os
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.errors import ProviderError
from conformance.kube.objects import pick, ref_to
from conformance.kube.wait import object_until
from conformance.model import Capability, Manifest
from conformance.providers.engine import Engine
from conformance.providers.kept import kept_folder
from conformance.providers.kind import KindProvider
from conformance.providers.kind_plan import KindPlan, examine
from conformance.providers.protocol import Cluster
from conformance.providers.reaping import RUN_LABEL, reap
from conformance.runs import RunFolder, open_run
from conformance.settings import Timeouts

Binary = Callable[[str], Path]
PAUSE = "registry.k8s.io/pause:3.10.2"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.find()


def provider(
    engine: Engine, folder: RunFolder, binary: Binary, logs: Path, plan: KindPlan | None = None
) -> KindProvider:
    return KindProvider(
        folder=folder,
        name="c",
        plan=plan or examine(engine, ""),
        components={},
        binary=binary,
        logs=logs,
        timeouts=Timeouts(),
        say=print,
    )


def left(engine: Engine, run_id: str) -> list[str]:
    """What a run has in the engine: networks, and nodes of the clusters that are named like them."""
    networks = [name for name, labels in engine.networks(RUN_LABEL) if labels[RUN_LABEL] == run_id]
    return networks + [node for name in networks for node in engine.nodes(name)]


@pytest.fixture(scope="module")
def cluster(engine: Engine, binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = open_run(f"test-{secrets.token_hex(4)}")
    made = provider(engine, folder, binary, tmp_path_factory.mktemp("logs"))
    try:
        made.prepare()
        yield made.up()
    finally:
        made.down()
        assert left(engine, folder.run_id) == []
        assert not (folder.path / "c").exists()
        folder.remove()


def test_the_kubeconfig_is_private_and_the_users_own_is_not_touched(cluster: Cluster) -> None:
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
    assert not cluster.kubeconfig.is_relative_to(Path.home() / ".kube")


def test_it_claims_nodes_and_a_network_that_enforces(cluster: Cluster) -> None:
    assert {Capability.NODES, Capability.NETWORK_POLICY, Capability.AUDIT_LOG} <= cluster.capabilities
    assert Capability.FAULTY_BUILDS not in cluster.capabilities
    assert cluster.version.startswith("v1.")
    assert any("NetworkPolicies are enforced by" in note for note in cluster.notes)


def test_the_audit_log_is_read_while_it_is_written(cluster: Cluster) -> None:
    assert cluster.audit is not None
    before = datetime.now(UTC)
    cluster.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "seen-in-audit"}})
    found = cluster.audit.find(lambda entry: entry.name == "seen-in-audit", since=before, timeout_s=10)
    assert found is not None
    assert (found.verb, found.resource, found.code) == ("patch", "namespaces", 201)


def pod(name: str, **spec: object) -> Manifest:
    containers = [{"name": "c", "image": PAUSE, **spec}]
    metadata = {"name": name, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, "restartPolicy": "Never"},
    }


def test_pods_are_executed_and_the_image_of_workloads_ends_when_it_is_told_to(cluster: Cluster) -> None:
    for manifest in (pod("runs"), pod("ends", args=["-v"])):
        cluster.client.apply(manifest)
    for name, phase in (("runs", "Running"), ("ends", "Succeeded")):
        state, done = object_until(
            cluster.client,
            ref_to(f"Pod/{name}", "default"),
            lambda s, p=phase: pick(s, "status", "phase") == p,
            timeout_s=60,
        )
        assert done, pick(state, "status")
    assert list(cluster.client.pod_log("default", "ends"))


def test_the_gateway_has_a_second_name_and_is_an_address_of_this_machine(cluster: Cluster) -> None:
    assert cluster.gateway.count(".") == 3
    slices = cluster.client.objects("discovery.k8s.io/v1", "EndpointSlice", namespace="conformance-gateway")
    assert [pick(one, "endpoints", 0, "addresses") for one in slices] == [[cluster.gateway]]
    assert cluster.gateway_name == "gateway.conformance-gateway.svc.cluster.local"


OWNER = """
import sys, threading
from pathlib import Path
from conformance.providers.engine import Engine
from conformance.providers.kind import KindProvider
from conformance.providers.kind_plan import examine
from conformance.runs import open_run
from conformance.settings import Timeouts
folder, tools, logs = open_run(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
binary = lambda name: Path(dict(p.split("=", 1) for p in tools.split(","))[name])
made = KindProvider(folder=folder, name="c", plan=examine(Engine.find(), ""), components={}, binary=binary, logs=logs,
                    timeouts=Timeouts(), say=print)
made.prepare()
print("network", flush=True)
made.up()
print("up", flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("moment", ["network", "up"])
def test_the_next_start_removes_what_a_killed_run_left(
    engine: Engine, binary: Binary, tmp_path: Path, moment: str
) -> None:
    run_id = f"test-{secrets.token_hex(4)}"
    tools = ",".join(f"{name}={binary(name)}" for name in ("kind", "kubectl"))
    argv = [sys.executable, "-c", OWNER, run_id, tools, str(tmp_path / "logs")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        for line in owner.stdout:
            if line.strip() == moment:
                break
        os.kill(owner.pid, signal.SIGKILL)
    assert left(engine, run_id), "the network outlives its killed owner"
    folder = open_run(f"test-{secrets.token_hex(4)}")
    made = provider(engine, folder, binary, tmp_path / "next")
    made.prepare()
    assert left(engine, run_id) == []
    assert left(engine, folder.run_id), "its own network is there"
    made.down()
    folder.remove()
    assert left(engine, folder.run_id) == []


def test_a_cluster_that_cannot_come_up_leaves_its_logs_and_nothing_else(
    engine: Engine, binary: Binary, run_folder: RunFolder, tmp_path: Path
) -> None:
    failing = "case \"$1\" in create) echo 'ERROR: failed to create cluster' >&2; exit 1;; esac"
    broken = tmp_path / "kind"
    broken.write_text(f"#!/bin/sh\n{failing}\nexec '{binary('kind')}' \"$@\"\n")
    broken.chmod(0o755)
    made = provider(engine, run_folder, lambda name: broken if name == "kind" else binary(name), tmp_path / "logs")
    made.prepare()
    with pytest.raises(ProviderError, match="failed to create cluster"):
        made.up()
    made.broken()
    made.down()
    assert left(engine, run_folder.run_id) == []


def test_a_kept_cluster_stays_and_can_be_taken_anew(
    engine: Engine, binary: Binary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    first = open_run(f"test-{secrets.token_hex(4)}")
    made = provider(engine, first, binary, tmp_path / "first", examine(engine, "", keep=True))
    made.prepare()
    cluster = made.up()
    name = f"ftc-{first.run_id}-c"
    assert cluster.stays
    cluster.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant"}})
    made.down()
    first.remove()
    second = open_run(f"test-{secrets.token_hex(4)}")
    try:
        again = provider(engine, second, binary, tmp_path / "second", examine(engine, "", reuse=name))
        assert again.prepare() == cluster.gateway
        anew = again.up()
        assert anew.client.find(ref_to("Namespace/tenant")) is None
        again.down()
        assert left(engine, first.run_id), "a kept cluster stays"
    finally:
        second.remove()
        engine.remove_nodes(name)
        engine.remove_network(name)
    reap(engine, print)
    assert not kept_folder(name).exists(), "the next start sees that the cluster was ended"
