"""What a run on Kind is to be made of, and every input that cannot work."""

import importlib.util
import json
import socket
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import yaml
from support.fake_docker import GIB, INFO, FakeDocker, docker

from conformance.errors import InputError
from conformance.process_identity import own_identity
from conformance.providers.kept import BASELINE, kept_folder
from conformance.providers.kind_plan import (
    KINDNET,
    KUBE_ROUTER,
    choose_image,
    cluster_config,
    examine,
    flux_images,
    images_to_load,
    kind_data,
    policy_engine,
)
from conformance.providers.reaping import OWNER_LABEL, RUN_LABEL

__all__ = ["docker"]
DATA = yaml.safe_load((kind_data() / "node-images.yaml").read_text())
PINNED = f"kindest/node:v1.36.4@{DATA['images']['v1.36.4']}"


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 8.0)


def free(monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=gib * GIB))


def test_every_known_node_image_is_pinned_and_the_default_is_known() -> None:
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in DATA["images"].values())
    assert any(version.startswith(f"v{DATA['default']}.") for version in DATA["images"])


@pytest.mark.parametrize("wanted", ["", "1.36", "v1.36", "1.36.4", "v1.36.4"])
def test_a_version_gives_the_pinned_image(docker: FakeDocker, wanted: str) -> None:
    docker.holds(PINNED)
    chosen = choose_image(docker.engine, wanted)
    assert (chosen.reference, chosen.held) == (PINNED, True)


def test_an_image_that_the_engine_lacks_is_to_be_pulled_by_digest(docker: FakeDocker) -> None:
    docker.holds()
    chosen = choose_image(docker.engine, "1.36")
    assert (chosen.reference, chosen.held) == (PINNED, False)


def test_an_image_made_here_stands_in_for_one_that_is_not_held(docker: FakeDocker) -> None:
    docker.holds("kindest/node:v1.36.3")
    assert choose_image(docker.engine, "").reference == "kindest/node:v1.36.3"
    assert choose_image(docker.engine, "v1.36.3").reference == "kindest/node:v1.36.3"


def test_an_image_that_somebody_pulled_by_tag_does_not_stand_in(docker: FakeDocker) -> None:
    docker.holds("kindest/node:v1.36.1@sha256:1")
    assert choose_image(docker.engine, "").reference == PINNED


@pytest.mark.parametrize("wanted", ["1.12", "1.36.99", "latest", "1", "v1.36.4; rm"])
def test_an_unsupported_version_is_refused_with_the_known_ones(docker: FakeDocker, wanted: str) -> None:
    docker.holds()
    with pytest.raises(InputError, match="no node image is known for Kubernetes") as refused:
        choose_image(docker.engine, wanted)
    assert "v1.36.4" in refused.value.hint


def test_too_little_memory_is_refused(docker: FakeDocker) -> None:
    docker.says("info", json.dumps({**INFO, "MemTotal": 2 * GIB}))
    with pytest.raises(InputError, match=r"2\.0 GiB of memory.*needs 4"):
        examine(docker.engine, "")


@pytest.mark.parametrize("gib", [3.6, 3.8])
def test_a_machine_of_nominal_4_gib_will_do(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
    docker.holds(PINNED)
    docker.says("info", json.dumps({**INFO, "MemTotal": int(gib * GIB)}))
    free(monkeypatch, 3.0)
    assert examine(docker.engine, "").image.reference == PINNED


def test_a_machine_whose_memory_is_taken_is_refused_before_the_cluster_is(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    docker.says("network ls")
    docker.says("ps")
    free(monkeypatch, 2.0)
    with pytest.raises(InputError, match=r"2\.0 GiB of this machine's memory are free") as refused:
        examine(docker.engine, "")
    assert "docker ps" in refused.value.hint


def test_what_a_killed_run_left_goes_before_memory_is_found_too_short(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    owner = [socket.gethostname(), own_identity()[0], 1.0, str(kept_folder("ftc-dead"))]
    docker.holds(PINNED)
    docker.network("ftc-dead", {RUN_LABEL: "run-that-is-dead", OWNER_LABEL: json.dumps(owner)})
    docker.says("ps", "ftc-dead-control-plane\n")
    docker.says("rm")
    docker.says("network rm")

    def left() -> SimpleNamespace:
        return SimpleNamespace(available=(8.0 if "network rm ftc-dead" in docker.asked else 1.0) * GIB)

    monkeypatch.setattr(psutil, "virtual_memory", left)
    said: list[str] = []
    assert examine(docker.engine, "", say=said.append).image.reference == PINNED
    assert "ftc-dead" in said[0]
    assert "rm --force --volumes ftc-dead-control-plane" in docker.asked


def test_where_memory_is_left_nothing_is_removed_by_a_look(docker: FakeDocker) -> None:
    docker.holds(PINNED)
    examine(docker.engine, "")
    assert not [line for line in docker.asked if line.startswith(("network ls", "network rm", "rm"))]


@pytest.fixture
def kept(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeDocker:
    """A kept cluster of 1.35, on a machine that has no room for another one."""
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    free(monkeypatch, 1.0)
    docker.holds(PINNED)
    docker.network("kept", {RUN_LABEL: "run"})
    docker.says("ps", "kept-control-plane\n")
    docker.says("container inspect --format {{.State.Running}} kept-control-plane", "true\n")
    docker.says("exec kept-control-plane cat /kind/version", "v1.35.6\n")
    kept_folder("kept").mkdir(parents=True)
    (kept_folder("kept") / BASELINE).write_text("[]")
    return docker


@pytest.mark.parametrize("version", ["", "1.35", "v1.35.6"])
def test_a_kept_cluster_of_the_version_is_taken(kept: FakeDocker, version: str) -> None:
    assert examine(kept.engine, version, reuse="kept").reuse == "kept"


@pytest.mark.parametrize("version", ["1.36", "v1.35.7", "1.3", "latest"])
def test_a_kept_cluster_of_another_version_is_refused(kept: FakeDocker, version: str) -> None:
    with pytest.raises(InputError, match=rf"runs Kubernetes v1\.35\.6, and .* asks for {version}"):
        examine(kept.engine, version, reuse="kept")


@pytest.mark.parametrize("version", ["", "1.35"])
def test_a_kept_cluster_that_does_not_run_is_refused_with_the_next_step(kept: FakeDocker, version: str) -> None:
    kept.says("container inspect", "false\n")
    with pytest.raises(InputError, match="its node kept-control-plane does not run") as refused:
        examine(kept.engine, version, reuse="kept")
    assert "docker start kept-control-plane" in refused.value.hint


def test_a_kept_cluster_whose_node_does_not_say_its_version_is_refused(kept: FakeDocker) -> None:
    kept.says("exec", code=1, error="Error response from daemon: container 1 is not running")
    with pytest.raises(InputError, match="is not running") as refused:
        examine(kept.engine, "1.35", reuse="kept")
    assert "docker start kept-control-plane" in refused.value.hint


@pytest.mark.parametrize("kernel", ["3.10.0-1160.el7", "4.18.0", ""])
def test_an_old_kernel_is_refused(docker: FakeDocker, kernel: str) -> None:
    docker.says("info", json.dumps({**INFO, "KernelVersion": kernel}))
    with pytest.raises(InputError, match=r"4\.19 or newer"):
        examine(docker.engine, "")


def test_without_pytest_kind_the_extra_is_named(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pytest-kind") as refused:
        examine(docker.engine, "")
    assert refused.value.hint == "pip install 'flux-tenancy-conformance[kind]'"
    assert docker.asked == []


def test_a_good_machine_gives_a_plan(docker: FakeDocker) -> None:
    docker.holds(PINNED)
    plan = examine(docker.engine, "", keep=True)
    assert (plan.image.reference, plan.keep, plan.reuse) == (PINNED, True, "")


def test_kinds_own_policy_engine_is_taken_where_the_kernel_has_the_queue(docker: FakeDocker) -> None:
    docker.says("run")
    assert policy_engine(docker.engine, "image") == KINDNET
    docker.says("run", code=1, error="Could not process rule: No such file or directory")
    assert policy_engine(docker.engine, "image") == KUBE_ROUTER


def test_images_of_the_release_come_first_and_kube_router_only_where_it_is_needed() -> None:
    components = {"flux": "v2.9.2", "source-controller": "v1.9.3"}
    plain, routed = images_to_load(KINDNET, components), images_to_load(KUBE_ROUTER, components)
    assert plain[0] == "ghcr.io/fluxcd/source-controller:v1.9.3"
    assert not any("flux:" in image or "kube-router" in image for image in plain)
    assert set(routed) - set(plain) == {"docker.io/cloudnativelabs/kube-router:v2.2.1"}


def test_a_cluster_without_kinds_network_gets_another_one(tmp_path: Path) -> None:
    plain = cluster_config("c", tmp_path, KINDNET)
    assert plain["name"] == "c"
    assert plain["nodes"][0]["extraMounts"] == [{"hostPath": str(tmp_path), "containerPath": "/conformance"}]
    assert "disableDefaultCNI" not in plain["networking"]
    routed = cluster_config("c", tmp_path, KUBE_ROUTER)
    assert routed["networking"]["disableDefaultCNI"]
    assert routed["nodes"][0]["extraMounts"][1]["containerPath"] == "/etc/cni/net.d/00-conformance.conflist"


def test_the_fixtures_agree_with_each_other() -> None:
    listed = {entry["image"] for entry in yaml.safe_load((kind_data() / "images.yaml").read_text())["images"]}
    manifests = list(yaml.safe_load_all((kind_data() / "kube-router.yaml").read_text()))
    assert manifests[-1]["spec"]["template"]["spec"]["containers"][0]["image"] in listed
    assert json.loads((kind_data() / "cni" / "00-conformance.conflist").read_text())["plugins"]
    for patch in (kind_data() / "patches").iterdir():
        part = yaml.safe_load(patch.read_text())["spec"]["containers"][0]
        assert patch.name == f"{part['name']}+strategic.yaml"


def test_every_workload_of_the_suite_has_an_image_that_runs() -> None:
    listed = {entry["image"] for entry in yaml.safe_load((kind_data() / "images.yaml").read_text())["images"]}
    checks = Path(__file__).parents[2] / "conformance" / "checks"
    used = {
        container["image"]
        for file in sorted(checks.rglob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text().replace("${", "x{"))
        for container in _containers(document)
    }
    assert used
    assert used <= listed


def _containers(node: object) -> list[dict[str, str]]:
    if isinstance(node, dict):
        own = [one for one in node.get("containers", []) if isinstance(one, dict) and "image" in one]
        return own + [found for value in node.values() for found in _containers(value)]
    return [found for item in node for found in _containers(item)] if isinstance(node, list) else []


def test_the_operator_has_a_registry_path_of_its_own() -> None:
    components = {"flux": "v2.9.2", "source-controller": "v1.9.3"}
    assert flux_images(components) == {"source-controller": "ghcr.io/fluxcd/source-controller:v1.9.3"}
    assert flux_images({**components, "flux-operator": "v0.59.0"}) == {
        "source-controller": "ghcr.io/fluxcd/source-controller:v1.9.3",
        "flux-operator": "ghcr.io/controlplaneio-fluxcd/flux-operator:v0.59.0",
    }
