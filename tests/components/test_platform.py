"""A whole bootstrapped platform: the host runner follows the live Deployments, and everything stays on loopback."""

import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from conformance.bootstrap.bring_up import Order, running_platform
from conformance.bootstrap.changes import arguments
from conformance.bootstrap.ground import FLEET_REPOSITORY
from conformance.bootstrap.platform import Platform
from conformance.kube.objects import container_args, ref_to
from conformance.kube.wait import eventually, object_until
from conformance.model import Check, Control, Environment, Level
from conformance.process import processes_of_run
from conformance.progress import PhaseClock
from conformance.providers.embedded import EmbeddedProvider
from conformance.repos.fleet import load_fleet
from conformance.repos.push import TenantRepository
from conformance.runs import open_run
from conformance.scenario import Scenario
from conformance.settings import Timeouts, data_dir

CONTROLLER = "kustomize-controller"
DEPLOYMENT = ref_to(f"Deployment/{CONTROLLER}", "flux-system")


@pytest.fixture(scope="module")
def platform(binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = open_run("test-platform")
    report = tmp_path_factory.mktemp("report")
    timeouts = Timeouts()
    provider = EmbeddedProvider(folder=folder, name="c", binary=binary, logs=report, timeouts=timeouts)
    order = Order(
        environment=Environment.STAGING,
        name="staging",
        fleet=load_fleet(data_dir("fleet-repo"), [Environment.STAGING]),
        tenant_repo=data_dir("tenant-repo"),
        probes=["shared-a", "shared-b"],
        provider=provider,
        binary=binary,
        all_binaries=lambda: None,
        folder=folder.sub("ground"),
        report=report,
        logs=report,
        run_id=folder.run_id,
        flux_version="2.9.2",
        timeouts=timeouts,
        clock=PhaseClock(print),
        redactor=str,
        secrets=[],
        notes=[],
    )
    try:
        with running_platform(order) as made:
            yield made
    finally:
        folder.remove()
    assert processes_of_run(folder.run_id) == []


def command_line(platform: Platform) -> list[str]:
    assert platform.cluster.host is not None
    return platform.cluster.host.command_line(CONTROLLER)


def test_every_controller_of_the_fleet_runs_with_its_live_arguments(platform: Platform) -> None:
    assert platform.cluster.host is not None
    for name in ("source", "kustomize", "helm", "notification", "image-reflector", "image-automation"):
        live = container_args(platform.client.get(ref_to(f"Deployment/{name}-controller", "flux-system")))
        running = platform.cluster.host.command_line(f"{name}-controller")
        kept = [a for a in live if "election" not in a and not a.startswith(("--events-addr", "--storage"))]
        assert set(kept) <= set(running), name
        assert "--enable-leader-election" not in running


def test_all_sockets_of_the_stack_are_on_loopback(platform: Platform) -> None:
    own = psutil.Process().net_connections(kind="inet")
    found = {c.laddr.ip for c in own if c.status == psutil.CONN_LISTEN}
    for process in processes_of_run("test-platform"):
        found |= {c.laddr.ip for c in process.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN}
    assert found == {"127.0.0.1"}


def test_controllers_act_as_their_own_service_accounts_and_impersonate_tenants(platform: Platform) -> None:
    assert platform.cluster.audit is not None
    written = platform.cluster.audit.entries(lambda entry: True, since=datetime.fromtimestamp(0, UTC))
    users = {entry.user for entry in written if entry.agent.startswith("kustomize-controller/")}
    assert "system:serviceaccount:flux-system:kustomize-controller" in users
    assert "system:serviceaccount:shared-a:flux" in users


def test_changed_arguments_are_in_force_before_the_rollout_counts(platform: Platform) -> None:
    with arguments(platform, CONTROLLER, add="--concurrent=7"):
        assert "--concurrent=7" in command_line(platform)
    assert "--concurrent=7" not in command_line(platform)


def test_a_lockdown_patch_by_git_reaches_the_process(platform: Platform, tmp_path: Path) -> None:
    credential = platform.git.credential(FLEET_REPOSITORY)
    url = platform.git.repository_url(FLEET_REPOSITORY)
    clone = TenantRepository(tmp_path / "fleet", url, username=credential.username, password=credential.password)
    path = "clusters/staging/flux-system/kustomization.yaml"
    before = (clone.folder / path).read_text()
    assert before.count("--no-remote-bases=true") == 1
    clone.write(path, before.replace("--no-remote-bases=true", "--no-remote-bases=false"))
    clone.commit("Open a gap")
    sync(platform, "--no-remote-bases=false")
    assert "--no-remote-bases=false" in command_line(platform)
    clone.write(path, before)
    clone.commit("Close it")
    sync(platform, "--no-remote-bases=true")
    assert "--no-remote-bases=true" in command_line(platform)


def sync(platform: Platform, flag: str) -> None:
    """Reconcile the fleet until the Deployment has the flag and counts as rolled out."""
    for ref in (ref_to("GitRepository/flux-system", "flux-system"), ref_to("Kustomization/flux-system", "flux-system")):
        stamp = platform.client.get(ref)["metadata"]["resourceVersion"]
        platform.client.patch(ref, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": stamp}}})
        done = lambda s, stamp=stamp: bool(s) and s["status"].get("lastHandledReconcileAt") == stamp  # noqa: E731
        assert object_until(platform.client, ref, done, timeout_s=60)[1]

    def rolled_out(state: object) -> bool:
        assert isinstance(state, dict)
        status = state["status"]
        current = status["observedGeneration"] == state["metadata"]["generation"]
        return (
            flag in container_args(state)
            and current
            and status.get("updatedReplicas") == status.get("availableReplicas") == status["replicas"]
        )

    assert object_until(platform.client, DEPLOYMENT, rolled_out, timeout_s=60)[1]


def test_a_killed_controller_comes_back(platform: Platform) -> None:
    before = command_line(platform)
    (victim,) = [p for p in processes_of_run("test-platform") if p.name() == CONTROLLER]
    victim.kill()
    victim.wait(10)

    def alive() -> list[int]:
        found = [p for p in processes_of_run("test-platform") if p.name() == CONTROLLER]
        return [p.pid for p in found if p.status() != psutil.STATUS_ZOMBIE]

    eventually(alive, bool, timeout_s=20, what="kustomize-controller runs again")
    assert command_line(platform) == before


def test_a_rollout_that_is_withdrawn_leaves_the_process_that_it_displaced(platform: Platform) -> None:
    before = command_line(platform)
    was = container_args(platform.client.get(DEPLOYMENT))
    path = "/spec/template/spec/containers/0/args"
    platform.client.patch(DEPLOYMENT, [{"op": "replace", "path": path, "value": [*was, "--no-such-flag"]}])
    eventually(lambda: command_line(platform) != before, bool, timeout_s=20, what="the new Pod displaced the old one")
    platform.client.patch(DEPLOYMENT, [{"op": "replace", "path": path, "value": was}])
    eventually(lambda: command_line(platform) == before, bool, timeout_s=20, what="the old Pod's process runs again")


def test_credentials_are_asked_for(platform: Platform) -> None:
    entries = platform.git.entries(repository="example/shared-a.git")
    assert {e.user for e in entries if e.status == 200} == {"git"}


@pytest.mark.parametrize("repository", ["evil/x", "exampledevil/x"])
def test_denied_addresses_are_alive(platform: Platform, repository: str) -> None:
    url = f"{platform.git.repository_url(repository)}/info/refs?service=git-upload-pack"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200


def test_the_fleets_probes_are_tenants_like_its_own(platform: Platform) -> None:
    own = platform.client.get(ref_to("Namespace/apps"))["metadata"]["labels"]
    probe = platform.client.get(ref_to("Namespace/shared-a"))["metadata"]["labels"]
    differing = {key for key in own if own[key] != probe.get(key)}
    assert differing <= {"toolkit.fluxcd.io/tenant", "kubernetes.io/metadata.name", "kustomize.toolkit.fluxcd.io/name"}
    assert probe["toolkit.fluxcd.io/tenant"] == "shared-a"


def test_a_scenario_is_planted_again_while_its_namespace_is_on_its_way_out(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "z99_again.yaml"
    path.write_text(
        "{apiVersion: v1, kind: Namespace, metadata: {name: z99-again}}\n---\n"
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: z99, namespace: z99-again}}\n"
    )
    check = Check(
        id="Z99",
        statement="",
        why="",
        level=Level.PROVISIONAL,
        control=Control.PRUNE,
        kills=(),
        spec="",
        source="",
        environments=frozenset(Environment),
    )
    scenario = Scenario(check, path, platform, folder="evidence/again")
    namespace, inside = (subject.ref for subject in scenario.subjects)
    scenario.plant()
    first = platform.client.get(namespace)["metadata"]["uid"]
    scenario.remove()
    assert platform.client.get(namespace)["metadata"]["deletionTimestamp"], "nobody waited for it"
    scenario.plant()
    assert platform.client.get(namespace)["metadata"]["uid"] != first
    assert platform.client.find(inside) is not None
    scenario.remove()
