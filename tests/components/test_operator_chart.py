"""The Flux Operator by a Helm chart: pulled from a real registry, installed by helm on a real API server, and refused.

The chart is made here, out of the manifests in the operator's module, with values of the published chart's names.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.artifacts import Registry, push_charts
from conformance.artifacts.publish import tool_environment
from conformance.bootstrap.changes import rolled_out
from conformance.bootstrap.operator_install import ByChart, operator_chart, pull_operator_chart
from conformance.errors import InputError
from conformance.kube.objects import container_args, ref_to
from conformance.kube.wait import object_until
from conformance.process import Supervisor, run
from conformance.providers.arguments import operator_setting
from conformance.providers.embedded import EmbeddedProvider
from conformance.providers.operator_data import install_manifests
from conformance.providers.protocol import Cluster
from conformance.runs import RunFolder
from conformance.settings import Settings, Timeouts, cache_dir, environment
from conformance.toolchain import Toolchain

OPERATOR, NAMESPACE, RELEASE = "flux-operator", "flux-system", "v0.59.0"
DEPLOYMENT = ref_to(f"Deployment/{OPERATOR}", NAMESPACE)
ACCOUNT = (
    "{{ if .Values.multitenancy.enabled }}--default-service-account={{ .Values.multitenancy.defaultServiceAccount }}"
    "{{ else }}--log-level=info{{ end }}"
)
PORT = {"name": "WEB_SERVER_PORT", "value": '{{ ternary "9080" "0" .Values.web.enabled }}'}
OFF = {"multitenancy": {"enabled": False, "defaultServiceAccount": ""}, "web": {"enabled": True}}
Binary = Callable[[str], Path]


def manifests(binary: Binary) -> list[dict[str, Any]]:
    folder = install_manifests(binary(OPERATOR)) / "default"
    argv = [binary("kubectl"), "kustomize", "--load-restrictor=LoadRestrictionsNone", folder]
    return list(yaml.safe_load_all(run(argv, timeout_s=60, env={"PATH": environment()["PATH"]}).stdout))


def write_chart(folder: Path, objects: list[dict[str, Any]]) -> None:
    """Lay a chart that reads its values as the published one does: an argument, and a variable for the page."""
    for name in ("crds", "templates"):
        (folder / name).mkdir(parents=True)
    about = {"apiVersion": "v2", "name": OPERATOR, "version": RELEASE.removeprefix("v"), "appVersion": RELEASE}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(about))
    (folder / "values.yaml").write_text(yaml.safe_dump(OFF))
    for number, one in enumerate(one for one in objects if one["kind"] != "Namespace"):
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            container["args"] = [ACCOUNT]
            container["env"].append(PORT)
        place = "crds" if one["kind"] == "CustomResourceDefinition" else "templates"
        (folder / place / f"{number:02}.yaml").write_text(yaml.safe_dump(one, width=1000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chart")


@pytest.fixture(scope="module")
def registry(binary: Binary, folder: Path) -> Iterator[Registry]:
    supervisor = Supervisor("test-operator-chart")
    registry = Registry(binary("registry"), folder / "registry", supervisor, folder / "registry.log")
    registry.start()
    yield registry
    supervisor.stop_all()


@pytest.fixture(scope="module")
def address(binary: Binary, registry: Registry, folder: Path) -> str:
    """Where the registry has the chart."""
    write_chart(folder / OPERATOR, manifests(binary))
    home = folder / "home"
    run([binary("helm"), "package", folder / OPERATOR, "-d", folder], timeout_s=60, env=tool_environment(home))
    push_charts(binary("helm"), [folder / f"{OPERATOR}-0.59.0.tgz"], f"{registry.url}/mirror", home=home)
    return f"{registry.url}/mirror/{OPERATOR}"


@pytest.fixture
def cluster(run_folder: RunFolder, binary: Binary, tmp_path: Path) -> Iterator[Cluster]:
    made = EmbeddedProvider(folder=run_folder, name="c", binary=binary, logs=tmp_path / "logs", timeouts=Timeouts())
    yield made.up()
    made.down()


def test_the_chart_that_the_option_names_is_installed_and_runs(
    address: str, folder: Path, cluster: Cluster, run_folder: RunFolder, binary: Binary
) -> None:
    with Toolchain("2.9.2", None, cache_dir(), print) as toolchain:
        chart = operator_chart(Settings(operator_chart=address), toolchain, run_folder)
    assert chart is not None
    assert chart.archive.read_bytes() == (folder / f"{OPERATOR}-0.59.0.tgz").read_bytes()
    by = ByChart(helm=binary("helm"), chart=chart, home=run_folder.sub("home"), timeout_s=60, run_id=run_folder.run_id)
    by.install(cluster.kubeconfig, NAMESPACE)

    live, done = object_until(cluster.client, DEPLOYMENT, rolled_out, timeout_s=60)
    assert live is not None
    assert done, live["status"]
    assert container_args(live) == [f"--default-service-account={OPERATOR}"]
    assert operator_setting(live, container_args(live), "--web-server-port", PORT["name"]) == "WEB_SERVER_PORT=0"
    assert cluster.client.find(ref_to("CustomResourceDefinition/fluxinstances.fluxcd.controlplane.io"))
    assert cluster.host is not None
    assert f"--default-service-account={OPERATOR}" in cluster.host.command_line(OPERATOR)
    assert chart.digest in by.note


def test_a_registry_without_the_chart_is_bad_input(binary: Binary, registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)in version 0\.59\.0: .*not found"):
        pull_operator_chart(binary("helm"), f"{registry.url}/nobody/{OPERATOR}", RELEASE, tmp_path / "p", 30)


def test_the_chart_of_another_release_is_bad_input(binary: Binary, address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)in version 0\.58\.0: .*not found"):
        pull_operator_chart(binary("helm"), address, "v0.58.0", tmp_path / "p", 30)


def test_a_silent_registry_is_waited_for_no_longer_than_said(binary: Binary, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"oci://127.0.0.1:{silent.getsockname()[1]}/mirror/{OPERATOR}"
        with pytest.raises(InputError, match="did not end within 2 s"):
            pull_operator_chart(binary("helm"), address, RELEASE, tmp_path / "p", 2)


def test_a_run_that_cannot_have_the_chart_makes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"oci://127.0.0.1:{taken.getsockname()[1]}/mirror/{OPERATOR}"
    words = ["--bootstrap", "operator", "--operator-chart", address, "-k", "J09"]
    env = {**environment(), "FLUX_TENANCY_STATE": str(tmp_path / "state")}
    argv = [sys.executable, "-m", "conformance", "run", *words]
    ended = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120, env=env)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert f"cannot pull the chart {address} in version 0.59.0" in ended.stdout + ended.stderr
    state = tmp_path / "state"
    assert [path for name in ("runs", "reports") for path in (state / name).glob("*/*")] == []
