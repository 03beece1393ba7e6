"""An upgrade by a commit of components: what is written, what is refused before that, and when it has ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.bootstrap import upgrade_cli as module
from conformance.bootstrap import upgrade_commit
from conformance.bootstrap.routes import upgrade_of
from conformance.bootstrap.upgrade_cli import FILE, CliUpgrade, components_of
from conformance.bootstrap.upgrade_operator import OperatorUpgrade
from conformance.errors import BootstrapError
from conformance.kube.objects import Ref
from conformance.model import Manifest, Route
from conformance.settings import Timeouts

PATH = f"clusters/staging/flux-system/{FILE}"
LOCKDOWN = "clusters/staging/flux-system/kustomization.yaml"
OLD = "---\n# Flux Version: v2.9.2\n# Components: source-controller,kustomize-controller\nkind: List\n"
NEW = OLD.replace("2.9.2", "2.9.5")
COMMIT = "c0ffee"


class FakeClone:
    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        self.written: dict[str, str] = {}
        self.commits: list[str] = []
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def write(self, path: str, text: str) -> None:
        self.written[path] = text

    def commit(self, message: str) -> str:
        self.commits.append(message)
        return COMMIT


class FakeClient:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def patch(self, ref: Ref, body: Mapping[str, Any]) -> None:
        assert list(body["metadata"]["annotations"]) == [upgrade_commit.REQUESTED_AT]
        self.asked.append(str(ref))

    def objects(self, *_: str, **where: str) -> list[Manifest]:
        assert where == {"namespace": "flux-system", "labels": "app.kubernetes.io/part-of=flux"}
        names = ("source-controller", "kustomize-controller")
        return [
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "flux-system"}}
            for name in names
        ]


def platform(folder: Path, client: FakeClient, route: Route = Route.CLI) -> Any:
    fleet = SimpleNamespace(entry=lambda _: "clusters/staging")
    return SimpleNamespace(
        route=route,
        client=client,
        fleet=fleet,
        folder=folder,
        environment="staging",
        flux_namespace="flux-system",
        timeouts=Timeouts(upgraded=1.0),
    )


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    calls: list[Sequence[str]] = []

    def prints(flux: Path, words: Sequence[str], *, home: Path) -> str:
        assert flux == Path("flux")
        assert home.name == "flux-install"
        calls.append(words)
        return NEW

    monkeypatch.setattr(module, "flux_prints", prints)
    return calls


def begun(monkeypatch: pytest.MonkeyPatch, folder: Path, client: FakeClient, files: Mapping[str, str]) -> FakeClone:
    clone = FakeClone(folder, files)
    monkeypatch.setattr(module, "fleet_clone", lambda _: clone)
    upgrade = CliUpgrade(platform(folder, client), "2.9.5", Path("flux"))
    try:
        upgrade.begin()
    finally:
        assert bool(clone.commits) is bool(client.asked) is bool(clone.written)
    return clone


def test_the_components_are_replaced_by_those_of_the_release_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FakeClient, printed: list[Sequence[str]]
) -> None:
    clone = begun(monkeypatch, tmp_path, client, {PATH: OLD, LOCKDOWN: "patches: []\n"})
    assert printed == [
        ["install", "--export", "--components=source-controller,kustomize-controller", "--namespace=flux-system"]
    ]
    assert clone.written == {PATH: NEW}
    assert clone.commits == ["Move Flux to 2.9.5"]
    assert client.asked == ["flux-system/GitRepository/flux-system", "flux-system/Kustomization/flux-system"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "the fleet has no clusters/staging"),
        ({PATH: "# a placeholder\n"}, "does not say which components"),
        ({PATH: NEW}, "has the components of Flux 2.9.5 already"),
    ],
)
def test_what_cannot_be_replaced_is_refused_and_nothing_is_pushed(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    client: FakeClient,
    printed: list[Sequence[str]],
    files: Mapping[str, str],
    words: str,
) -> None:
    with pytest.raises(BootstrapError, match=words):
        begun(monkeypatch, tmp_path, client, files)
    assert len(printed) == (words == "has the components of Flux 2.9.5 already")


def test_the_components_are_those_that_flux_names() -> None:
    assert components_of(OLD, PATH) == "source-controller,kustomize-controller"


def sync(revision: str, *, generation: int = 1, status: str = "True") -> Manifest:
    conditions = [{"type": "Ready", "status": status, "observedGeneration": 1}]
    return {
        "metadata": {"generation": generation},
        "status": {"lastAppliedRevision": revision, "conditions": conditions},
    }


def deployment(version: str, *, available: int = 1, observed: int = 2) -> Manifest:
    counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": available}
    return {
        "metadata": {"generation": 2, "labels": {"app.kubernetes.io/version": version}},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": observed, **counts},
    }


SYNC_IS = [
    (sync(f"main@sha1:{COMMIT}"), True),
    (sync("main@sha1:0ld"), False),
    (sync(f"main@sha1:{COMMIT}", status="Unknown"), False),
    (sync(f"main@sha1:{COMMIT}", generation=2), False),
    (None, False),
]
DEPLOYMENT_IS = [
    (deployment("v2.9.5"), True),
    (deployment("v2.9.2"), False),
    (deployment("v2.9.5", available=0), False),
    (deployment("v2.9.5", observed=1), False),
    (None, False),
]


def test_it_has_ended_when_the_commit_is_applied_and_every_controller_runs_the_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FakeClient, printed: list[Sequence[str]]
) -> None:
    waited: list[str] = []

    def until(_: Any, ref: Ref, holds: Any, *, timeout_s: float) -> tuple[Manifest | None, bool]:
        waited.append(ref.label)
        cases = SYNC_IS if ref.kind == "Kustomization" else DEPLOYMENT_IS
        assert [holds(state) for state, _ in cases] == [wanted for _, wanted in cases], ref
        return {}, timeout_s == 1.0

    monkeypatch.setattr(upgrade_commit, "object_until", until)
    monkeypatch.setattr(module, "fleet_clone", lambda _: FakeClone(tmp_path, {PATH: OLD}))
    upgrade = CliUpgrade(platform(tmp_path, client), "2.9.5", Path("flux"))
    upgrade.begin()
    upgrade.wait()
    assert waited == [
        "Kustomization/flux-system",
        "Deployment/source-controller",
        "Deployment/kustomize-controller",
        "Kustomization/flux-system",
    ]


def test_what_never_comes_is_told_with_its_last_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FakeClient
) -> None:
    state = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "x"}]}}
    monkeypatch.setattr(upgrade_commit, "object_until", lambda *_, **__: (state, False))
    upgrade = CliUpgrade(platform(tmp_path, client), "2.9.5", Path("flux"))
    with pytest.raises(BootstrapError, match=r"of Flux 2\.9\.5 was not seen within 1 s: Ready=False BuildFailed: x"):
        upgrade.wait()


def test_each_route_has_its_own_upgrade_and_only_the_cli_asks_for_flux(tmp_path: Path, client: FakeClient) -> None:
    asked: list[str] = []

    def flux(release: str) -> Path:
        asked.append(release)
        return Path("flux")

    assert isinstance(upgrade_of(platform(tmp_path, client, Route.OPERATOR), "2.9.5", flux), OperatorUpgrade)
    assert asked == []
    assert isinstance(upgrade_of(platform(tmp_path, client), "2.9.5", flux), CliUpgrade)
    assert asked == ["2.9.5"]
