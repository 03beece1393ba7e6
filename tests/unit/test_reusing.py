"""A kept cluster made as new: what the Flux Operator left would hold itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from conformance.checks.tenants.test_c03_cluster_scoped import RESOURCES
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref
from conformance.providers import reusing

KNOWN = Ref("v1", "Namespace", "default")
INSTANCE = Ref("fluxcd.controlplane.io/v1", "FluxInstance", "flux", "flux-system")
CRD = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "fluxinstances.fluxcd.controlplane.io")


class FakeClient:
    """Holds addresses; an object with a finalizer is not deleted."""

    def __init__(self, *held: Ref) -> None:
        self.held = list(held)
        self.finalized = {INSTANCE}
        self.done: list[str] = []

    def find(self, ref: Ref) -> Mapping[str, Any] | None:
        return {} if ref in self.held else None

    def objects(self, api_version: str, kind: str, **_: object) -> list[Mapping[str, Any]]:
        found = [ref for ref in self.held if (ref.api_version, ref.kind) == (api_version, kind)]
        return [
            {"apiVersion": api_version, "kind": kind, "metadata": {"name": ref.name, "namespace": ref.namespace}}
            for ref in found
        ]

    def objects_at(self, api_version: str, kind: str, **_: object) -> tuple[list[Mapping[str, Any]], str]:
        return [], "1"

    def patch(self, ref: Ref, change: Mapping[str, Any]) -> None:
        assert change == {"metadata": {"finalizers": None}}
        self.finalized.discard(ref)

    def delete_if_exists(self, ref: Ref) -> None:
        if ref in self.held and ref not in self.finalized:
            self.held.remove(ref)
            self.done.append(ref.kind)


@pytest.mark.parametrize("operator", [True, False], ids=["operator", "cli"])
def test_the_operator_goes_before_flux_and_its_finalizers_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operator: bool
) -> None:
    own = [reusing._OPERATOR, CRD, INSTANCE] if operator else []
    client = FakeClient(KNOWN, *own)
    monkeypatch.setattr(reusing, "run", lambda *_, **__: client.done.append("flux uninstall"))
    (tmp_path / "baseline").write_text(f'["{KNOWN}"]')
    reusing.wipe(cast("KubeClient", client), tmp_path / "baseline", flux=Path("flux"), kubeconfig=Path("kubeconfig"))
    before, after = ["Deployment", "FluxInstance"], ["CustomResourceDefinition"]
    assert client.done == ([*before, "flux uninstall", *after] if operator else ["flux uninstall"])
    assert client.held == [KNOWN]


CLASSES = [
    Ref("scheduling.k8s.io/v1", "PriorityClass", "system-node-critical"),
    Ref("storage.k8s.io/v1", "StorageClass", "standard"),
]
LOOT = [
    Ref("scheduling.k8s.io/v1", "PriorityClass", "c03-loot"),
    Ref("storage.k8s.io/v1", "StorageClass", "c03-loot"),
]


@pytest.mark.parametrize(("known", "left"), [([KNOWN, *CLASSES], []), ([KNOWN], LOOT)], ids=["now", "of before"])
def test_what_an_escape_left_does_not_accuse_the_next_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: list[Ref], left: list[Ref]
) -> None:
    client = FakeClient(KNOWN, *CLASSES, *LOOT)
    monkeypatch.setattr(reusing, "run", lambda *_, **__: None)
    (tmp_path / "baseline").write_text(json.dumps([str(ref) for ref in known]))
    reusing.wipe(cast("KubeClient", client), tmp_path / "baseline", flux=Path("flux"), kubeconfig=Path("kubeconfig"))
    assert client.held == [KNOWN, *CLASSES, *left]


def test_every_cluster_wide_kind_that_an_attack_makes_is_made_as_new() -> None:
    found = {kind for _, kind in reusing._CLUSTER_KINDS}
    assert set(RESOURCES) <= found
