"""Bootstrap by the Flux Operator: what kubectl is told, what is waited for, and what a failure says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from conformance.bootstrap import operator
from conformance.bootstrap.operator import FluxOperator
from conformance.errors import BootstrapError, ProcessError, ToolchainError
from conformance.kube.client import KubeClient
from conformance.providers.operator_data import install_manifests, storage_path
from conformance.repos.flux_instance import FluxInstance

LOG = '{"level":"info","msg":"a"}\n{"level":"error","msg":"it broke"}\n'
MANIFEST = {"spec": {"sync": {"pullSecret": "pull"}}}


def live(status: str = "True", *, seen: int = 2, stalled: str = "False") -> Mapping[str, Any]:
    ready = {"type": "Ready", "status": status, "observedGeneration": seen, "reason": "Why", "message": "because"}
    conditions = [ready, {"type": "Stalled", "status": stalled}]
    return {"metadata": {"generation": 2}, "status": {"conditions": conditions}}


class FakeClient:
    """Knows one FluxInstance and two Deployments."""

    def __init__(self, instance: Mapping[str, Any] | None) -> None:
        self.instance = instance

    def find(self, _: object) -> Mapping[str, Any] | None:
        return self.instance

    def objects(self, *_: object, **__: object) -> list[Mapping[str, Any]]:
        return [
            {"metadata": {"name": "here"}, "status": {"readyReplicas": 1}},
            {"metadata": {"name": "absent"}, "status": {}},
        ]

    def objects_at(self, *_: object, **__: object) -> tuple[list[Mapping[str, Any]], str]:
        return ([self.instance] if self.instance else []), "1"

    def watch(self, *_: object, **__: object) -> list[tuple[str, Mapping[str, Any]]]:
        return []


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str | None]]:
    seen: list[tuple[list[str], str | None]] = []

    def run(argv: list[object], *, stdin: str | None = None, **_: object) -> None:
        seen.append(([str(word) for word in argv], stdin))

    monkeypatch.setattr(operator, "run", run)
    return seen


class FakeInstaller:
    """Says when it was called."""

    note = "installed from a fake"

    def __init__(self, seen: list[tuple[list[str], str | None]]) -> None:
        self.seen = seen

    def install(self, kubeconfig: Path, namespace: str) -> None:
        self.seen.append((["install", str(kubeconfig), namespace], None))


def bootstrap(
    folder: Path,
    instance: Mapping[str, Any] | None,
    timeout_s: float = 5.0,
    *,
    seen: list[tuple[list[str], str | None]] | None = None,
) -> FluxOperator:
    return FluxOperator(
        kubectl=Path("kubectl"),
        operator=FakeInstaller(seen if seen is not None else []),
        instance=FluxInstance(path=folder / "flux-instance.yaml", manifest=MANIFEST),
        namespace="flux-system",
        client=cast("KubeClient", FakeClient(instance)),
        log=lambda: LOG,
        home=folder,
        timeout_s=timeout_s,
        run_id="r",
    )


def install(flux: FluxOperator) -> None:
    flux.install(kubeconfig=Path("kubeconfig"), username="platform", password="hidden")


def test_it_installs_the_operator_then_the_instance(
    tmp_path: Path, commands: list[tuple[list[str], str | None]]
) -> None:
    flux = bootstrap(tmp_path, live(), seen=commands)
    install(flux)
    first, *steps = [words for words, _ in commands]
    assert first == ["install", "kubeconfig", "flux-system"]
    assert [words[5:] for words in steps] == [
        ["apply", "--server-side", "-f", "-"],
        ["rollout", "status", "deployment/flux-operator", "--timeout=5s"],
        ["apply", "--server-side", "-f", str(tmp_path / "flux-instance.yaml")],
    ]
    assert all(words[:5] == ["kubectl", "--kubeconfig", "kubeconfig", "--namespace", "flux-system"] for words in steps)
    assert flux.note == "installed from a fake"


def test_the_credential_is_out_of_sight_of_ps(tmp_path: Path, commands: list[tuple[list[str], str | None]]) -> None:
    install(bootstrap(tmp_path, live()))
    (secret,) = [yaml.safe_load(stdin) for _, stdin in commands if stdin]
    assert secret["metadata"] == {"name": "pull", "namespace": "flux-system"}
    assert secret["stringData"] == {"username": "platform", "password": "hidden"}
    assert "hidden" not in "".join(word for words, _ in commands for word in words)


@pytest.mark.parametrize(
    "instance",
    [live("False", stalled="True"), live(seen=1), live("Unknown"), None],
    ids=["stalled", "old", "?", "none"],
)
def test_an_instance_that_is_not_ready_is_a_breakdown_with_the_operators_errors(
    tmp_path: Path, commands: list[tuple[list[str], str | None]], instance: Mapping[str, Any] | None
) -> None:
    with pytest.raises(BootstrapError) as broke:
        install(bootstrap(tmp_path, instance, timeout_s=0.2))
    assert commands
    assert "was not Ready within 0.2 s" in str(broke.value)
    assert '{"level":"error","msg":"it broke"}' in str(broke.value)
    assert '"level":"info"' not in str(broke.value)


def test_a_refused_manifest_is_a_breakdown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise ProcessError("'kubectl apply' ended with exit code 1")

    monkeypatch.setattr(operator, "run", run)
    with pytest.raises(BootstrapError, match=r"cannot be installed: .*'kubectl apply' ended"):
        install(bootstrap(tmp_path, live()))


def test_progress_names_what_is_not_there(tmp_path: Path) -> None:
    assert bootstrap(tmp_path / "a", None).progress() == "flux-operator is being installed"
    assert bootstrap(tmp_path / "b", live("Unknown")).progress() == "Why: because; not available: absent"


def test_the_data_lie_beside_the_binary(tmp_path: Path) -> None:
    binary = tmp_path / "flux-operator"
    with pytest.raises(ToolchainError, match="flux-operator-data/config/data is not there"):
        storage_path(binary)
    for name in ("data", "default"):
        (tmp_path / "flux-operator-data" / "config" / name).mkdir(parents=True)
    assert storage_path(binary) == tmp_path / "flux-operator-data/config/data"
    assert install_manifests(binary) == tmp_path / "flux-operator-data/config"
