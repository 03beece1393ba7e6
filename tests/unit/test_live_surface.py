"""The surface of a live Flux: the same entries as of its release, whatever namespace it lives in."""

import json
from typing import Any

import pytest

from conformance.surface import live
from conformance.surface.live import as_released, live_surface

ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "crd-controller-gitops", "uid": "1", "labels": {"app.kubernetes.io/part-of": "flux"}},
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["watch", "get", "list"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "crd-controller-gitops"},
    "roleRef": {"kind": "ClusterRole", "name": "crd-controller-gitops"},
    "subjects": [
        {"kind": "ServiceAccount", "name": "source-controller", "namespace": "gitops"},
        {"kind": "ServiceAccount", "name": "stranger", "namespace": "elsewhere"},
    ],
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "kustomize-controller", "namespace": "gitops"},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "manager",
                        "image": "ghcr.io/fluxcd/kustomize-controller:v0.0.9@sha256:abc",
                        "args": ["--no-remote-bases=true", "--brand-new=1"],
                    }
                ]
            }
        }
    },
    "status": {"replicas": 1},
}
BOUND = "binding ClusterRoleBinding/crd-controller ClusterRole/crd-controller to ServiceAccount"


class Client:
    def __init__(self, *objects: Any) -> None:
        self.found = objects
        self.asked: list[tuple[str, str, str]] = []

    def objects(self, _version: str, kind: str, *, namespace: str = "", labels: str = "") -> Any:
        self.asked.append((kind, namespace, labels))
        return [one for one in self.found if one["kind"] == kind]


@pytest.fixture(autouse=True)
def no_binaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "cached_tools", lambda _: [])


def test_live_objects_get_the_names_of_their_release() -> None:
    client: Any = Client(ROLE, BINDING, DEPLOYMENT)
    found = live_surface(client, "gitops", "2.9.2")
    ids = {entry.id for entry in found.entries}
    assert {
        "rule ClusterRole/crd-controller core/secrets [get,list,watch]",
        f"{BOUND} flux-system/source-controller",
        "flag kustomize-controller --no-remote-bases",
        "object Deployment/kustomize-controller",
    } <= ids
    assert found.components == {"kustomize-controller": "v0.0.9"}
    assert len(found.reservations) == 1


def test_what_nobody_looks_at_is_new_surface() -> None:
    client: Any = Client(ROLE, BINDING, DEPLOYMENT)
    found = [entry.id for entry in live_surface(client, "gitops", "2.9.2").unmapped]
    assert found == [
        f"{BOUND} elsewhere/stranger",
        "flag kustomize-controller --brand-new",
    ]


def test_only_objects_of_flux_are_asked_for() -> None:
    client: Any = Client(ROLE)
    live_surface(client, "gitops", "2.9.2")
    assert {labels for _, _, labels in client.asked} == {"app.kubernetes.io/part-of=flux"}
    assert "Secret" not in {kind for kind, _, _ in client.asked}
    assert {namespace for kind, namespace, _ in client.asked if kind in ("Deployment", "ServiceAccount")} == {"gitops"}


def test_a_live_object_stays_as_it_is() -> None:
    before = json.dumps(BINDING)
    assert as_released(BINDING, "gitops")["metadata"] == {"name": "crd-controller", "labels": {}}
    assert json.dumps(BINDING) == before
