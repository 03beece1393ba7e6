"""A list of a check's own: the fleet's binding as it is, for one namespace and one ConfigMap more."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.allowlisting import Allowlisting
from conformance.errors import Breakdown
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref
from conformance.model import Check
from conformance.repos.fleet_config import FleetProfile
from conformance.settings import Timeouts

SELECTOR = {"namespaceSelector": {"matchExpressions": [{"key": "toolkit.fluxcd.io/tenant", "operator": "Exists"}]}}
BINDING: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "flux-tenant-sources", "uid": "1"},
    "spec": {
        "policyName": "flux-tenant-sources",
        "validationActions": ["Deny", "Audit"],
        "paramRef": {"namespace": "flux-system", "name": "list", "parameterNotFoundAction": "Deny"},
        "matchResources": SELECTOR,
    },
}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"uid": "2"}, "data": {"allowedPrefixes": "a/\n b/"}}


class Client:
    """Holds what is applied; refuses every source while the binding is there."""

    def __init__(self, binding: dict[str, Any]) -> None:
        self.binding = binding
        self.applied: dict[str, dict[str, Any]] = {}
        self.patches: list[Any] = []

    def get(self, ref: Ref) -> dict[str, Any]:
        return self.binding if ref.kind == BINDING["kind"] else CONFIG_MAP

    def apply(self, manifest: dict[str, Any]) -> None:
        self.applied[Ref.of(manifest).label] = manifest

    def create(self, manifest: dict[str, Any], *, dry_run: bool) -> None:
        assert dry_run
        assert manifest["metadata"]["namespace"] == "b38-plain"
        raise ApiError(403, "Forbidden", "denied request", "create")

    def patch(self, ref: Ref, body: Any) -> None:
        self.patches.append((str(ref), body))

    def delete_if_exists(self, ref: Ref) -> None:
        del self.applied[ref.label]


def scenario(client: Client) -> Allowlisting:
    made = Allowlisting()
    made.check = cast("Check", SimpleNamespace(id="B38"))
    made.platform = cast(
        "Any",
        SimpleNamespace(
            client=client,
            fleet=SimpleNamespace(profile=FleetProfile()),
            timeouts=Timeouts(),
            evil_git_url="http://127.0.0.1:1/evil",
        ),
    )
    return made


def test_the_binding_differs_in_its_namespace_and_list_only() -> None:
    client = Client(BINDING)
    with scenario(client).own_allowlist("b38-plain"):
        spec = client.applied["ValidatingAdmissionPolicyBinding/b38-allowlist"]["spec"]
    only_here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b38-plain"}}}
    reference = {**BINDING["spec"]["paramRef"], "name": "b38-allowlist"}
    assert spec == {**BINDING["spec"], "paramRef": reference, "matchResources": only_here}


def test_the_list_begins_as_the_fleets_and_is_changed_alone() -> None:
    client = Client(BINDING)
    with scenario(client).own_allowlist("b38-plain") as allowlist:
        assert client.applied["ConfigMap/b38-allowlist"]["data"] == CONFIG_MAP["data"]
        assert allowlist.prefixes == ["a/", "b/"]
        allowlist.set(["c/", "d/"])
        allowlist.drop_key()
    own = "flux-system/ConfigMap/b38-allowlist"
    assert client.patches == [
        (own, {"data": {"allowedPrefixes": "c/\nd/"}}),
        (own, {"data": {"allowedPrefixes": None, "other": "harmless"}}),
    ]


def test_nothing_is_left_whatever_happens() -> None:
    client = Client(BINDING)
    with pytest.raises(ZeroDivisionError), scenario(client).own_allowlist("b38-plain"):
        raise ZeroDivisionError
    assert client.applied == {}


def test_a_binding_that_selects_every_namespace_leaves_no_list_to_the_check() -> None:
    everywhere = {**BINDING, "spec": {key: value for key, value in BINDING["spec"].items() if key != "matchResources"}}
    with pytest.raises(Breakdown, match="selects every namespace"), scenario(Client(everywhere)).own_allowlist("x"):
        raise AssertionError
