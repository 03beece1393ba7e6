"""The surface of a live Flux: the same entries as of its release, whatever namespace it lives in."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance import existing_session
from conformance.errors import ToolchainError
from conformance.existing_session import ExistingSession
from conformance.surface import live
from conformance.surface.live import as_released, live_surface

PART = {"app.kubernetes.io/part-of": "flux"}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "crd-controller-gitops", "uid": "1", "labels": PART},
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["watch", "get", "list"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "crd-controller-gitops", "labels": PART},
    "roleRef": {"kind": "ClusterRole", "name": "crd-controller-gitops"},
    "subjects": [
        {"kind": "ServiceAccount", "name": "source-controller", "namespace": "gitops"},
        {"kind": "ServiceAccount", "name": "stranger", "namespace": "elsewhere"},
    ],
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "kustomize-controller", "namespace": "gitops", "labels": PART},
    "spec": {
        "template": {
            "spec": {
                "serviceAccountName": "kustomize-controller",
                "containers": [
                    {
                        "name": "manager",
                        "image": "ghcr.io/fluxcd/kustomize-controller:v0.0.9@sha256:abc",
                        "args": ["--no-remote-bases=true", "--brand-new=1"],
                    }
                ],
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
        return [one for one in self.found if one["kind"] == kind and (not labels or _is_labelled(one))]


def _is_labelled(one: Any) -> bool:
    return "app.kubernetes.io/part-of" in one["metadata"].get("labels", {})


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


def test_a_flag_in_the_command_is_one_too() -> None:
    (container,) = DEPLOYMENT["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    command = ["/sbin/tini", "--", "kustomize-controller", "--hidden=1"]
    spec = {"template": {"spec": {"containers": [{**container, "command": command}]}}}
    client: Any = Client({**DEPLOYMENT, "spec": spec})
    found = {entry.id for entry in live_surface(client, "gitops", "2.9.2").entries if entry.id.startswith("flag ")}
    names = ("--hidden", "--no-remote-bases", "--brand-new")
    assert found == {f"flag kustomize-controller {name}" for name in names}


def beside(*containers: Any, init: tuple[Any, ...] = ()) -> Any:
    """The Deployment with other containers before the controller's."""
    (container,) = DEPLOYMENT["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    spec = {"containers": [*containers, container], "initContainers": list(init)}
    return {**DEPLOYMENT, "spec": {"template": {"spec": spec}}}


AGENT = {"name": "agent", "image": "registry.example.com/mesh/agent:v7@sha256:def", "args": ["--agents-own=1"]}


def test_a_sidecar_hides_no_controller_and_is_said() -> None:
    client: Any = Client(beside(AGENT))
    found = live_surface(client, "gitops", "2.9.2")
    assert found.components == {"kustomize-controller": "v0.0.9"}
    flags = {entry.id for entry in found.entries if entry.id.startswith("flag ")}
    assert flags == {"flag kustomize-controller --no-remote-bases", "flag kustomize-controller --brand-new"}
    (said,) = found.beside
    assert said.startswith("beside kustomize-controller in its Pods: agent (registry.example.com/mesh/agent:v7);")
    assert found.reservations[-1] == said
    assert len(found.reservations) == 2


def test_an_init_container_is_said_too() -> None:
    client: Any = Client(beside(init=({"name": "proxy", "image": "a:1", "restartPolicy": "Always"},)))
    assert "in its Pods: proxy (a:1);" in live_surface(client, "gitops", "2.9.2").beside[0]


def test_an_audit_notes_a_sidecar_and_counts_flags_apart_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = Client(beside(AGENT))
    found = live_surface(client, "gitops", "2.9.2")
    monkeypatch.setattr(existing_session, "live_surface", lambda *_: found)
    session: Any = SimpleNamespace(found=SimpleNamespace(flux_version="2.9.2"), notes=[])
    ExistingSession._read_surface(session, cast("Any", SimpleNamespace(client=client, flux_namespace="gitops")))
    counted, said = session.notes
    assert counted.endswith("; of 1 controllers no flag beyond those that are set was read")
    assert said == f"surface: {found.beside[0]}"


def test_which_of_two_containers_is_the_controller_is_not_guessed() -> None:
    two = beside(AGENT)
    two["spec"]["template"]["spec"]["containers"][1] = {"name": "other", "image": "b:1"}
    client: Any = Client(two)
    with pytest.raises(ToolchainError, match="kustomize-controller has 2 containers, and none is called manager"):
        live_surface(client, "gitops", "2.9.2")


def stray(namespace: str, *subjects: dict[str, str], name: str = "stray") -> dict[str, Any]:
    """A binding that nobody labelled."""
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    role = {"kind": "ClusterRole", "name": "admin"}
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "roleRef": role, "subjects": list(subjects)}


OWN = {"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "gitops"}
USER = {"kind": "User", "name": "system:serviceaccount:gitops:kustomize-controller"}
GROUP = {"kind": "Group", "name": "system:serviceaccounts:gitops"}
OTHERS = (
    {"kind": "ServiceAccount", "name": "dashboard", "namespace": "gitops"},
    {"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "apps"},
    {"kind": "User", "name": "system:serviceaccount:gitops:dashboard"},
    {"kind": "User", "name": "kustomize-controller"},
    {"kind": "Group", "name": "system:serviceaccounts"},
)


def unmapped(*more: Any) -> list[str]:
    client: Any = Client(ROLE, BINDING, DEPLOYMENT, *more)
    known = {f"{BOUND} elsewhere/stranger", "flag kustomize-controller --brand-new"}
    return [entry.id for entry in live_surface(client, "gitops", "2.9.2").unmapped if entry.id not in known]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (OWN, "ServiceAccount flux-system/kustomize-controller"),
        (USER, "User system:serviceaccount:gitops:kustomize-controller"),
        (GROUP, "Group system:serviceaccounts:gitops"),
    ],
)
def test_a_binding_of_a_controllers_account_counts_without_the_label(subject: dict[str, str], said: str) -> None:
    assert unmapped(stray("", *OTHERS, subject)) == [f"binding ClusterRoleBinding/stray ClusterRole/admin to {said}"]
    assert unmapped(stray("apps", subject)) == [f"binding RoleBinding/apps/stray ClusterRole/admin to {said}"]


def test_an_account_without_a_namespace_is_one_of_where_its_binding_is() -> None:
    local = {"kind": "ServiceAccount", "name": "kustomize-controller"}
    said = "ServiceAccount flux-system/kustomize-controller"
    assert unmapped(stray("gitops", local)) == [f"binding RoleBinding/gitops/stray ClusterRole/admin to {said}"]
    assert unmapped(stray("apps", local)) == []


def bare(role: dict[str, Any], *verbs: str) -> dict[str, Any]:
    """A role without the label, with other verbs."""
    rules = [{**role["rules"][0], "verbs": list(verbs)}]
    return {**role, "metadata": {"name": role["metadata"]["name"]}, "rules": rules}


def test_a_role_that_is_bound_to_a_controller_counts_without_the_label() -> None:
    client: Any = Client(bare(ROLE, "get", "delete"), BINDING, DEPLOYMENT)
    found = [entry.id for entry in live_surface(client, "gitops", "2.9.2").unmapped]
    assert "rule ClusterRole/crd-controller core/secrets [delete,get]" in found


def test_a_role_of_kubernetes_or_of_nobody_here_is_not_fluxs() -> None:
    admin = bare({**ROLE, "metadata": {"name": "admin"}}, "delete")
    other = bare({**ROLE, "metadata": {"name": "other"}}, "delete")
    said = "binding ClusterRoleBinding/stray ClusterRole/admin to ServiceAccount flux-system/kustomize-controller"
    assert unmapped(stray("", OWN), admin, other) == [said]


def test_a_binding_of_anybody_else_is_not_fluxs() -> None:
    assert unmapped(stray("", *OTHERS), stray("gitops", *OTHERS), {**stray("apps"), "subjects": None}) == []


def test_bindings_of_one_name_in_two_namespaces_are_two() -> None:
    found = unmapped(stray("apps", OWN), stray("ops", OWN), stray("gitops", OWN))
    assert [name.split()[1] for name in found] == [f"RoleBinding/{place}/stray" for place in ("apps", "gitops", "ops")]


def test_only_objects_of_flux_and_bindings_are_asked_for() -> None:
    client: Any = Client(ROLE)
    live_surface(client, "gitops", "2.9.2")
    assert {kind for kind, _, labels in client.asked if not labels} == {"ClusterRoleBinding", "RoleBinding"}
    assert {labels for _, _, labels in client.asked} == {"app.kubernetes.io/part-of=flux", ""}
    assert "Secret" not in {kind for kind, _, _ in client.asked}
    assert {namespace for kind, namespace, _ in client.asked if kind in ("Deployment", "ServiceAccount")} == {"gitops"}


def test_a_live_object_stays_as_it_is() -> None:
    before = json.dumps(BINDING)
    assert as_released(BINDING, "gitops")["metadata"] == {"name": "crd-controller", "labels": PART}
    assert json.dumps(BINDING) == before
