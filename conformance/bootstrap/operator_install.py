"""How the Flux Operator itself gets onto a cluster: from its module's manifests, or by its Helm chart (ADR 0023)."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from conformance.artifacts import Chart, pull_chart
from conformance.artifacts.publish import tool_environment
from conformance.errors import InputError, ServerError
from conformance.process import RUN_ID_VARIABLE, run
from conformance.providers.arguments import OPERATOR
from conformance.runs import RunFolder
from conformance.settings import Settings, environment
from conformance.toolchain import Toolchain

ARGUMENTS = (f"--default-service-account={OPERATOR}", "--web-server-port=0")
"""The operator's own multi-tenancy: a ResourceSet of a tenant has the rights of its namespace's account of this name
(internal/controller/resourceset_controller.go). The web page, which shows all tenants to all, is off."""
VALUES: Mapping[str, Any] = {
    "multitenancy": {"enabled": True, "defaultServiceAccount": OPERATOR},
    "web": {"enabled": False},
}
"""The same two by the chart's own values. It turns the page off by the variable WEB_SERVER_PORT, not by the flag."""
_PARTS = ("crd", "manager", "default")


class Installer(Protocol):
    """Installs the operator, with its own multi-tenancy on and its web page off."""

    @property
    def note(self) -> str:
        """What the operator is installed from, for the report."""

    def install(self, kubeconfig: Path, namespace: str) -> None:
        """Install it, and the namespace if that is not there; return when the API server has taken all of it.

        Raises:
            ProcessError: kubectl or helm failed, or did not end in time.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ByManifests:
    """Implements `Installer` with the manifests that lie in the operator's module."""

    kubectl: Path
    manifests: Path
    """config/ of the operator's module."""
    home: Path
    timeout_s: float
    run_id: str

    @property
    def note(self) -> str:
        """What the operator is installed from."""
        return "the Flux Operator was installed from the manifests of its module, not by its Helm chart"

    def install(self, kubeconfig: Path, namespace: str) -> None:
        """Apply the manifests by kustomize."""
        env = {"PATH": environment()["PATH"], "HOME": str(self.home), RUN_ID_VARIABLE: self.run_id}
        cluster: list[str | Path] = ["--kubeconfig", kubeconfig, "--namespace", namespace]
        argv = [self.kubectl, *cluster, "apply", "--server-side", "-k", self._overlay()]
        run(argv, timeout_s=self.timeout_s + 5, env=env)

    def _overlay(self) -> Path:
        """Write what a platform team would keep in its own repository: the manifests, and the operator's arguments."""
        folder = self.home / "operator"
        for part in _PARTS:
            shutil.copytree(self.manifests / part, folder / "config" / part, dirs_exist_ok=True)
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(_kustomization()))
        return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class ByChart:
    """Implements `Installer` with `helm install` of the operator's chart."""

    helm: Path
    chart: Chart
    home: Path
    timeout_s: float
    run_id: str

    @property
    def note(self) -> str:
        """What the operator is installed from."""
        return f"the Flux Operator was installed by its Helm chart {self.chart}, with the values {json.dumps(VALUES)}"

    def install(self, kubeconfig: Path, namespace: str) -> None:
        """Install the pulled archive, which is what the digest in the report names."""
        values = self.home / "operator-values.yaml"
        values.write_text(yaml.safe_dump(dict(VALUES)))
        argv: list[str | Path] = [self.helm, "install", OPERATOR, self.chart.archive, "--kubeconfig", kubeconfig]
        argv += ["--namespace", namespace, "--create-namespace", "--values", values]
        env = {**tool_environment(self.home), RUN_ID_VARIABLE: self.run_id}
        run([*argv, f"--timeout={self.timeout_s:.0f}s"], timeout_s=self.timeout_s + 5, env=env)


def operator_chart(settings: Settings, toolchain: Toolchain, folder: RunFolder) -> Chart | None:
    """Return the operator's chart, pulled before there is a cluster; None where no address was given.

    Raises:
        InputError: it cannot be had, or is no chart of this operator's release.
        ToolchainError: helm cannot be built.
    """
    if not settings.operator_chart:
        return None
    release = toolchain.recipes.build_of(OPERATOR).version
    place, helm, bound = folder.sub("operator-chart"), toolchain.path("helm"), settings.timeouts.chart_pull
    return pull_operator_chart(helm, settings.operator_chart, release, place, bound)


def pull_operator_chart(helm: Path, address: str, release: str, folder: Path, timeout_s: float) -> Chart:
    """Pull the chart of the operator's own release, before there is a cluster.

    Args:
        address: with oci://, without a version.
        release: of the operator, such as v0.59.0.
        folder: of the run; the archive and helm's home go into it.
        timeout_s: for helm, which tries a silent registry again.

    Raises:
        InputError: it cannot be had, or is no chart of this operator's release.
    """
    version = release.removeprefix("v")
    try:
        chart = pull_chart(helm, address, version, folder / "chart", home=folder / "home", timeout_s=timeout_s)
    except ServerError as error:
        raise InputError(
            f"--flux-operator-chart: {error.what}",
            hint="give the address without a version, of a registry that answers without a password; "
            "without the option the manifests of the operator's module are installed",
        ) from error
    found = {key: str(chart.about.get(key, "")) for key in ("name", "version", "appVersion")}
    if found != {"name": OPERATOR, "version": version, "appVersion": release}:
        said = ", ".join(f"{key} {value or 'none'}" for key, value in found.items())
        raise InputError(
            f"--flux-operator-chart: {chart} is not the chart of {OPERATOR} {release}: {said}",
            hint=f"mirror the chart of {OPERATOR} {version} unchanged",
        )
    return chart


def _kustomization() -> Mapping[str, Any]:
    path = "/spec/template/spec/containers/0/args"
    patch = yaml.safe_dump([{"op": "add", "path": path, "value": list(ARGUMENTS)}])
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["config/default"],
        "patches": [{"target": {"kind": "Deployment", "name": OPERATOR}, "patch": patch}],
    }
