"""The bootstrap that a run gets, and what a report says of each."""

from pathlib import Path
from typing import cast

import pytest

from conformance.artifacts import Chart
from conformance.bootstrap.cli import FluxCli
from conformance.bootstrap.operator import FluxOperator
from conformance.bootstrap.operator_install import ByChart, ByManifests
from conformance.bootstrap.routes import bootstrap_of
from conformance.errors import ToolchainError
from conformance.kube.client import KubeClient
from conformance.model import Environment, Route
from conformance.providers.arguments import describe_changes, of_route
from conformance.providers.protocol import Cluster
from conformance.repos.fleet import load_fleet
from conformance.settings import data_dir

URL = "http://127.0.0.1:1/platform/fleet.git"


def bootstrap(route: Route, folder: Path, chart: Chart | None = None) -> FluxCli | FluxOperator:
    cluster = Cluster(
        name="c",
        kubeconfig=folder / "kubeconfig",
        client=cast("KubeClient", object()),
        server="",
        gateway="",
        gateway_name="",
        version="",
        capabilities=frozenset(),
        audit=None,
        logs=folder,
        host=None,
        argument_changes=(),
    )
    root = data_dir("fleet-repo")
    made = bootstrap_of(
        load_fleet(root, [Environment.STAGING], route),
        Environment.STAGING,
        cluster=cluster,
        binary=lambda name: folder / name,
        url=URL,
        pushed=root,
        home=folder / "home",
        timeout_s=5,
        run_id="r",
        chart=chart,
    )
    assert isinstance(made, (FluxCli, FluxOperator))
    return made


def test_the_cli_syncs_the_clusters_folder(tmp_path: Path) -> None:
    made = bootstrap(Route.CLI, tmp_path)
    assert isinstance(made, FluxCli)
    words = [str(word) for word in made._argv(Path("k"), "platform")]
    assert words[1:3] == ["bootstrap", "git"]
    assert {f"--url={URL}", "--branch=main", "--path=clusters/staging", "--allow-insecure-http"} <= set(words)
    assert (made.name, made.progress()) == ("flux bootstrap git", "")


def test_the_operator_is_installed_from_what_lies_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="flux-operator-data/config/default is not there"):
        bootstrap(Route.OPERATOR, tmp_path)
    (tmp_path / "flux-operator-data/config/default").mkdir(parents=True)
    made = bootstrap(Route.OPERATOR, tmp_path)
    assert isinstance(made, FluxOperator)
    assert isinstance(made.operator, ByManifests)
    assert made.operator.manifests == tmp_path / "flux-operator-data/config"
    assert made.note == "the Flux Operator was installed from the manifests of its module, not by its Helm chart"
    assert made.instance.path.parent.name == "staging"
    assert (made.name, made.log(), made.namespace) == ("flux operator", "", "flux-system")


def test_the_operator_is_installed_by_its_chart_where_one_is_given(tmp_path: Path) -> None:
    chart = Chart(address="oci://h/c", version="0.59.0", digest="sha256:1", archive=tmp_path / "c.tgz", about={})
    made = bootstrap(Route.OPERATOR, tmp_path, chart)  # nothing has to lie beside the binary
    assert isinstance(made, FluxOperator)
    assert isinstance(made.operator, ByChart)
    assert made.note.startswith("the Flux Operator was installed by its Helm chart oci://h/c:0.59.0 (sha256:1), with")


def test_changes_of_the_operator_are_reported_where_it_runs() -> None:
    changes = describe_changes()
    own = [line for line in changes if line.startswith("flux-operator:")]
    assert len(own) == 5
    assert of_route(changes, Route.OPERATOR) == changes
    assert of_route(changes, Route.CLI) == [line for line in changes if line not in own]
