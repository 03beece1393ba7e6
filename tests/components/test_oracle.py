"""The oracle on the reference fleet's own policies: what they let through, and what a wider one would."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.kube.objects import Ref
from conformance.model import Reach
from conformance.network.flows import Flow, Peer, Resolved
from conformance.network.oracle import compute
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

GUARDRAILS = data_dir("fleet-repo") / "tenants" / "components" / "guardrails" / "network-policies.yaml"
EGRESS = data_dir("fleet-repo") / "policies" / "guards" / "egress.yaml"


def policies() -> list[dict[str, Any]]:
    tenants = [
        {**one, "metadata": {**one["metadata"], "namespace": namespace}}
        for namespace in ("apps", "ops")
        for one in load_objects(GUARDRAILS)
    ]
    return copy.deepcopy([*tenants, *load_objects(EGRESS)])


def peer(namespace: str, *, address: str = "10.1.0.7", **labels: str) -> Peer:
    names = {"kubernetes.io/metadata.name": namespace} if namespace else {}
    return Peer(address=address, namespace=namespace, labels=labels, namespace_labels=names)


def question(source: Peer, target: Peer, port: int = 8080, protocol: str = "TCP") -> Resolved:
    flow = Flow(source=Ref("v1", "Pod", "a", source.namespace), target=target.address, port=port, protocol=protocol)
    return Resolved(flow=flow, source=source, target=target, port=port, port_name="", dial="")


APPS, OPS, NOBODY = peer("apps"), peer("ops"), peer("", address="203.0.113.10")
DNS = peer("kube-system", **{"k8s-app": "kube-dns"})
INGRESS = peer("ingress-shared")
CONTROLLER = peer("flux-system", app="kustomize-controller")
API_SERVER = peer("", address="172.18.0.2")
EXPECTED: Sequence[tuple[str, Resolved, bool]] = [
    ("neighbours", question(APPS, APPS), True),
    ("another tenant", question(APPS, OPS), False),
    ("from nowhere", question(peer("default"), APPS), False),
    ("to anybody", question(APPS, peer("default")), False),
    ("DNS", question(APPS, DNS, 53, "UDP"), True),
    ("DNS over TCP", question(APPS, DNS, 53), True),
    ("metrics of DNS", question(APPS, DNS, 9153), False),
    ("beside DNS", question(APPS, peer("kube-system"), 53), False),
    ("outside", question(APPS, NOBODY, 443), False),
    ("the API server", question(APPS, API_SERVER, 6443), False),
    ("ingress to what asks for it", question(INGRESS, peer("apps", **{"expose-to": "shared-ingress"})), True),
    ("ingress to another Pod", question(INGRESS, APPS), False),
    ("others to what is exposed", question(OPS, peer("apps", **{"expose-to": "shared-ingress"})), False),
    (
        "the controller to its neighbours",
        question(CONTROLLER, peer("flux-system", app="source-controller"), 9090),
        True,
    ),
    ("the controller to the API server", question(CONTROLLER, API_SERVER, 6443), True),
    ("the controller outside", question(CONTROLLER, NOBODY, 80), False),
    ("the controller outside on the API server's port", question(CONTROLLER, NOBODY, 6443), False),
    ("the controller to a tenant", question(CONTROLLER, APPS), False),
]


def answers(binary: Callable[[str], Path], folder: Path, rules: Sequence[dict[str, Any]]) -> dict[str, bool]:
    said = compute(binary("cyclonus"), folder, rules, [one for _, one, _ in EXPECTED])
    return {name: reach is Reach.ALLOWED for (name, _, _), reach in zip(EXPECTED, said, strict=True)}


@pytest.fixture(scope="module")
def judged(binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    return answers(binary, tmp_path_factory.mktemp("oracle"), policies())


@pytest.mark.parametrize(("name", "allowed"), [(name, allowed) for name, _, allowed in EXPECTED])
def test_the_reference_fleet(judged: dict[str, bool], name: str, allowed: bool) -> None:
    assert judged[name] is allowed


def test_without_policies_everything_is_let_through(binary: Callable[[str], Path], tmp_path: Path) -> None:
    assert all(answers(binary, tmp_path, []).values())


def test_without_default_deny_the_policy_for_neighbours_still_isolates(
    binary: Callable[[str], Path], tmp_path: Path, judged: dict[str, bool]
) -> None:
    rest = [one for one in policies() if one["metadata"]["name"] != "default-deny"]
    assert answers(binary, tmp_path, rest) == judged


def test_a_rule_for_every_namespace_shows(binary: Callable[[str], Path], tmp_path: Path) -> None:
    rules = policies()
    for one in rules:
        if one["metadata"]["name"] == "allow-same-namespace-and-dns":
            one["spec"]["ingress"] = [{"from": [{"namespaceSelector": {}}]}]
    assert answers(binary, tmp_path, rules)["from nowhere"]


def test_nothing_is_left_behind(binary: Callable[[str], Path], tmp_path: Path) -> None:
    answers(binary, tmp_path, policies())
    assert list(tmp_path.iterdir()) == []
