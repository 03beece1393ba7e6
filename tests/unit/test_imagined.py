"""Pods that are not there: where they stand, and what the live policies say of them."""

import itertools
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import Breakdown
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, ref_to
from conformance.model import Fidelity, Reach, Seen
from conformance.network import Flow, Network, Question, guises, oracle
from conformance.network.flows import resolve
from conformance.network.imagined import OUTSIDE, imagine
from conformance.settings import Timeouts

ADDRESS = "10.1.2.3"


def pod(name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c"}]}}


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "server", "namespace": "shared-far"},
    "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]},
}
MANIFESTS = [pod("client", "shared-near"), pod("server", "shared-far"), SERVICE, pod("outsider", "default")]
CLIENT, SERVER = Ref.of(MANIFESTS[0]), Ref.of(MANIFESTS[1])


class Cluster:
    """A cluster with three tenants' namespaces, the API server's Service, and one policy."""

    def __init__(self) -> None:
        names = ("apps", "ops", "web", "ingress-shared")
        self.there: dict[Ref, Any] = {
            ref_to(f"Namespace/{name}"): {"metadata": {"name": name, "labels": {"live": name}}} for name in names
        }
        endpoints = {"endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 6443}]}
        self.lists = {"EndpointSlice": [endpoints], "NetworkPolicy": [], "Pod": []}
        service = {"metadata": {"name": "kubernetes", "namespace": "default"}, "spec": {"ports": [{"port": 443}]}}
        self.there[ref_to("Service/kubernetes", "default")] = service

    def find(self, ref: Ref) -> Any:
        return self.there.get(ref)

    def get(self, ref: Ref) -> Any:
        if ref not in self.there:
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f"{ref} not found", "GET")
        return self.there[ref]

    def objects(self, _version: str, kind: str, **_: Any) -> Any:
        return self.lists[kind]


def placed(flows: list[Flow], manifests: Any = MANIFESTS, tenants: tuple[str, ...] = ("apps", "ops")) -> Any:
    client: Any = Cluster()
    return imagine(client, manifests, flows, tenants, ADDRESS)


def flow(source: Ref = CLIENT, target: Ref | str = SERVER, port: int = 8080) -> Flow:
    return Flow(source=source, target=target, port=port)


def ends(one: Any) -> tuple[str, str]:
    return one.flow.source.namespace, one.flow.target.namespace


def test_every_two_tenants_are_asked_about_in_both_directions_and_one_for_each_is_shown() -> None:
    _, asked = placed([flow()], tenants=("apps", "ops", "web"))
    assert {ends(one) for one in asked} == set(itertools.permutations(("apps", "ops", "web"), 2))
    assert [ends(one) for one in asked if one.sample] == [("apps", "ops"), ("ops", "web"), ("web", "apps")]


def test_a_flow_of_one_tenant_comes_with_each_and_one_without_tenants_once() -> None:
    outsider = Ref.of(MANIFESTS[3])
    _, asked = placed([flow(target="192.0.2.1"), flow(outsider), flow(outsider, "192.0.2.1", 443)])
    assert [one.number for one in asked] == [0, 0, 1, 1, 2]
    assert [ends(one)[1] for one in asked[2:4]] == ["apps", "ops"]
    assert {one.flow.source.namespace for one in asked[2:]} == {OUTSIDE}
    assert all(one.sample for one in asked)


def test_ends_are_looked_up_as_if_the_pods_were_there() -> None:
    view, asked = placed([flow(), flow(target=Ref.of(SERVICE), port=80)])
    direct, by_service = (resolve(view, one.flow) for one in asked[::2])
    assert (direct.source.namespace, direct.source.labels) == ("apps", {"app": "client"})
    assert (direct.source.namespace_labels, direct.source.address) == ({"live": "apps"}, ADDRESS)
    assert (by_service.target.namespace, by_service.target.labels, by_service.port) == ("ops", {"app": "server"}, 8080)


def test_an_outsider_s_namespace_has_no_labels_but_its_name() -> None:
    view, asked = placed([flow(Ref.of(MANIFESTS[3]))])
    labels = resolve(view, asked[0].flow).source.namespace_labels
    assert labels == {"kubernetes.io/metadata.name": OUTSIDE}


def test_what_is_there_stays_where_it_is() -> None:
    view, asked = placed([flow(target=ref_to("Service/kubernetes", "default"), port=443)])
    target = resolve(view, asked[0].flow).target
    assert (target.address, target.namespace) == ("10.0.0.1", "")


def test_a_namespace_of_the_scenario_is_the_live_one_where_there_is_one() -> None:
    extra = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("ingress-shared", "gone")
    ]
    view, _ = placed([flow()], [*MANIFESTS, *extra])
    assert view.get(ref_to("Namespace/ingress-shared"))["metadata"]["labels"] == {"live": "ingress-shared"}
    assert view.get(ref_to("Namespace/gone"))["metadata"]["labels"] == {"kubernetes.io/metadata.name": "gone"}
    with pytest.raises(ApiError, match="not found"):
        view.get(ref_to("Namespace/nowhere"))


@pytest.mark.parametrize("tenants", [(), ("apps",)])
def test_one_tenant_alone_cannot_be_judged(tenants: tuple[str, ...]) -> None:
    with pytest.raises(Breakdown, match="a check across tenants needs two"):
        placed([flow()], tenants=tenants)


def test_what_is_there_is_read_once() -> None:
    client: Any = Cluster()
    reads: list[Any] = []
    client.find = lambda ref: reads.append(ref) or client.there.get(ref)
    view, asked = imagine(client, MANIFESTS, [flow()], ("apps", "ops", "web"), ADDRESS)
    for one in asked:
        resolve(view, one.flow)
    assert sorted(ref.name for ref in reads) == ["apps", "ops", "web"]


def matrix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Any, tenants: list[str]) -> Any:
    compute = lambda _binary, _folder, _policies, flows: [answer(one) for one in flows]  # noqa: E731
    monkeypatch.setattr(oracle, "compute", compute)
    client = Cluster()
    for name in tenants:
        client.there[ref_to(f"Namespace/{name}")] = {"metadata": {"name": name}}
    cluster: Any = SimpleNamespace(client=client, capabilities=frozenset())
    network = Network(cluster, Path, tmp_path, Timeouts())
    assert network.fidelity is Fidelity.SIMULATED
    return network.imagine([Question(flow=flow(), expected=Reach.DENIED)], MANIFESTS, tenants, ADDRESS)


def pairs(found: Any) -> list[tuple[str, str, Seen]]:
    return [(one.source, one.target, one.observed) for one in found.cells]


def test_cells_say_where_the_pods_were_imagined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = matrix(monkeypatch, tmp_path, lambda _: Reach.DENIED, ["apps", "ops", "web"])
    assert pairs(found) == [
        ("apps/client", "ops/server", Seen.NOTHING),
        ("ops/client", "web/server", Seen.NOTHING),
        ("web/client", "apps/server", Seen.NOTHING),
    ]
    assert (found.asked, found.unexpected) == (6, 0)


def test_a_tenant_that_is_let_in_by_its_name_shows_whatever_the_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(one: Any) -> Reach:
        hole = (one.source.namespace, one.target.namespace) == ("web", "ops")
        return Reach.ALLOWED if hole else Reach.DENIED

    found = matrix(monkeypatch, tmp_path, answer, ["apps", "ops", "web"])
    assert ("web/client", "ops/server", Seen.NOTHING) in pairs(found)
    assert (found.asked, found.unexpected, len(found.cells)) == (6, 1, 4)


def test_where_all_is_open_the_rows_end_and_the_count_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("conformance.network.matrix._BATCH", 7)
    tenants = [f"t{number:02}" for number in range(20)]
    found = matrix(monkeypatch, tmp_path, lambda _: Reach.ALLOWED, tenants)
    assert (found.asked, found.unexpected) == (380, 380)
    assert len(tenants) <= len(found.cells) <= len(tenants) + 100
    assert {one.source for one in found.cells} == {f"{name}/client" for name in tenants}


def policy(namespace: str, direction: str, selector: Any, *peers: Any) -> dict[str, Any]:
    rules = [{{"Ingress": "from", "Egress": "to"}[direction]: list(peers)}] if peers else []
    spec = {"podSelector": selector, "policyTypes": [direction], **({direction.lower(): rules} if rules else {})}
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": spec}


def app(name: str) -> dict[str, Any]:
    return {"matchLabels": {"app": name}}


def of(namespace: str, name: str = "") -> dict[str, Any]:
    selector = {"namespaceSelector": {"matchLabels": {"live": namespace}}}
    return {**selector, "podSelector": app(name)} if name else selector


def disguised(flows: list[Flow], *policies: Any) -> tuple[Any, list[tuple[str, str]]]:
    """The Pods' names at the ends of what is asked beside the flows themselves."""
    client: Any = Cluster()
    forbidden = range(len(flows))
    view, asked = imagine(client, MANIFESTS, flows, ("apps", "ops"), ADDRESS, forbidden=forbidden, policies=policies)
    plain = len(placed(flows)[1])
    assert all(not one.sample for one in asked[plain:])
    return view, [
        (str(one.flow.source).replace("Pod/", ""), str(one.flow.target).replace("Pod/", "")) for one in asked[plain:]
    ]


def test_a_policy_for_one_app_that_lets_another_tenant_in_is_asked_about() -> None:
    view, asked = disguised([flow()], policy("ops", "Ingress", app("web"), of("apps")))
    assert asked == [("apps/client", "ops/server as app=web")]
    assert view.get(ref_to("Pod/server as app=web", "ops"))["metadata"]["labels"] == {"app": "web"}


def test_both_ends_get_the_guises_that_either_side_names() -> None:
    out = policy("apps", "Egress", {"matchLabels": {"tier": "out"}}, of("ops", "db"))
    into = policy("ops", "Ingress", {"matchLabels": {"tier": "in"}}, of("apps", "front"), of("web", "elsewhere"))
    _, asked = disguised([flow()], out, into)
    clients = {f"apps/client{name}" for name in ("", " as tier=out", " as app=front", " as app=front, tier=out")}
    servers = {f"ops/server{name}" for name in ("", " as tier=in", " as app=db", " as app=db, tier=in")}
    plain = ("apps/client", "ops/server")
    assert set(asked) == set(itertools.product(clients, servers)) - {plain}


def test_an_outsider_asks_for_the_apps_of_each_tenant_and_for_its_own_guises() -> None:
    outsider, anybody = Ref.of(MANIFESTS[3]), {"namespaceSelector": {}, "podSelector": app("any")}
    _, asked = disguised([flow(outsider)], policy("ops", "Ingress", app("web"), anybody, of("apps", "no")))
    assert set(asked) == {
        (f"{OUTSIDE}/outsider", "ops/server as app=web"),
        (f"{OUTSIDE}/outsider as app=any", "ops/server"),
        (f"{OUTSIDE}/outsider as app=any", "ops/server as app=web"),
    }


def test_a_sender_gets_guises_whatever_it_reaches_for() -> None:
    opened = policy("apps", "Egress", app("crawler"), {"ipBlock": {"cidr": "0.0.0.0/0"}})
    _, asked = disguised([flow(target="192.0.2.1", port=443)], opened)
    assert asked == [("apps/client as app=crawler", "192.0.2.1")]
    _, asked = disguised([flow(target=ref_to("Pod/there", "ingress-shared"))], opened)
    assert asked == [("apps/client as app=crawler", "ingress-shared/there")]


@pytest.mark.parametrize(
    "quiet",
    [
        pytest.param(policy("ops", "Ingress", app("web")), id="a policy that opens nothing"),
        pytest.param(policy("ops", "Ingress", {}, of("apps")), id="one for every Pod"),
        pytest.param(policy("ops", "Ingress", app("server"), of("apps")), id="one for labels that the Pod has"),
        pytest.param(policy("web", "Ingress", app("web"), of("apps")), id="one of another namespace"),
        pytest.param(policy("ops", "Ingress", {}, {"podSelector": app("web")}), id="one for neighbours"),
    ],
)
def test_nothing_more_is_asked_where_no_guise_could_open_a_way(quiet: Any) -> None:
    assert disguised([flow()], quiet)[1] == []


def test_services_and_senders_that_policies_may_name_stay_as_they_are() -> None:
    ingress = pod("ingress", "ingress-shared")
    client: Any = Cluster()
    flows = [flow(target=Ref.of(SERVICE), port=80), flow(Ref.of(ingress))]
    hole = policy("ops", "Ingress", app("web"), of("apps"))
    _, asked = imagine(
        client, [*MANIFESTS, ingress], flows, ("apps", "ops"), ADDRESS, forbidden=(0, 1), policies=(hole,)
    )
    assert len(asked) == len(imagine(client, [*MANIFESTS, ingress], flows, ("apps", "ops"), ADDRESS)[1])


def test_what_must_stand_is_not_asked_of_guises() -> None:
    client: Any = Cluster()
    hole = policy("ops", "Ingress", app("web"), of("apps"))
    _, asked = imagine(client, MANIFESTS, [flow()], ("apps", "ops"), ADDRESS, policies=(hole,))
    assert {ends(one) for one in asked} == {("apps", "ops"), ("ops", "apps")}
    assert len(asked) == 2


def test_a_hole_for_one_app_is_in_the_matrix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def live(_client: Any) -> list[Any]:
        odd = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}
        return [policy("ops", "Ingress", app("web"), of("apps")), policy("ops", "Ingress", odd, of("apps"))]

    monkeypatch.setattr("conformance.network.matrix.live_policies", live)
    found = matrix(
        monkeypatch,
        tmp_path,
        lambda one: Reach.ALLOWED if one.target.labels == {"app": "web"} else Reach.DENIED,
        ["apps", "ops"],
    )
    assert ("apps/client", "ops/server as app=web", Seen.NOTHING) in pairs(found)
    assert (found.asked, found.unexpected, len(found.cells)) == (3, 1, 3)
    assert found.unsatisfied == ["ops/p"]


OPS, APPS = guises.Place("ops"), guises.Place("apps")


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


@pytest.mark.parametrize(
    ("terms", "labels"),
    [
        ([expression("app", "In", "web", "api")], {"app": "web"}),
        ([expression("app", "Exists"), expression("app", "In", "web")], {"app": "web"}),
        ([expression("app", "In", "web", "api"), expression("app", "NotIn", "web")], {"app": "api"}),
        ([expression("x", "Exists")], {"app": "server", "x": "any"}),
        ([expression("x", "Exists"), expression("x", "NotIn", "any")], {"app": "server", "x": "other"}),
        ([expression("app", "DoesNotExist")], {}),
        ([expression("app", "NotIn", "server")], {}),
    ],
)
def test_guises_satisfy_selectors(terms: list[Any], labels: dict[str, str]) -> None:
    (guise,) = guises.of_target([policy("ops", "Ingress", {"matchExpressions": terms}, of("apps"))], OPS, APPS)
    assert guises.worn({"app": "server"}, guise) == labels


@pytest.mark.parametrize(
    "terms",
    [
        [expression("app", "In", "web"), expression("app", "NotIn", "web")],
        [expression("app", "Exists"), expression("app", "DoesNotExist")],
    ],
)
def test_what_nothing_satisfies_is_named(terms: list[Any]) -> None:
    odd = policy("ops", "Ingress", {"matchExpressions": terms}, of("apps"))
    assert guises.of_target([odd], OPS, APPS) == []
    assert guises.unsatisfied([odd, policy("ops", "Ingress", app("web"))], ["ops"]) == ["ops/p"]
    assert guises.unsatisfied([odd], ["apps"]) == []
