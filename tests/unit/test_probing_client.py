"""The client of a probe: whatever is not its own ground is sent as a dry-run, whoever asks and however."""

import contextlib
import io
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from conformance.errors import Breakdown
from conformance.kube.objects import Ref, ref_to
from conformance.kube.probing import INERT, LEASE_NAME, Ground, MakingClient, ProbeError, ProbingClient
from conformance.model import Manifest

OWN = frozenset({"shared-a", "b17-plain"})
KINDS = {
    "v1": {"ConfigMap": True, "Secret": True, "Pod": True, "ServiceAccount": True, "Namespace": False},
    "source.toolkit.fluxcd.io/v1": {"Bucket": True},
    "rbac.authorization.k8s.io/v1": {"RoleBinding": True, "ClusterRole": False},
    "coordination.k8s.io/v1": {"Lease": True},
    "metrics.k8s.io/v1beta1": {"PodMetrics": True},
    "notification.toolkit.fluxcd.io/v1": {"Receiver": True},
    "notification.toolkit.fluxcd.io/v1beta3": {"Receiver": True, "Alert": True},
    "apiregistration.k8s.io/v1": {"APIService": False},
    "example.com/v1": {"Widget": True},
}
AGGREGATED = ("metrics.k8s.io/v1beta1", "flunder.fluxcd.io/v1")
"""Versions that another server serves, whatever their names end in."""
SERVICES = [
    {"spec": {"version": "v1"}},
    *(
        {"spec": {"group": one.partition("/")[0], "version": one.partition("/")[2]}}
        for one in (*list(KINDS)[1:], "away/v1", "flunder.fluxcd.io/v2")
        if one not in (*AGGREGATED, "apiregistration.k8s.io/v1")  # which has none of its own
    ),
    *(
        {"spec": {"group": one.partition("/")[0], "service": {"name": "other", "namespace": "kube-system"}}}
        for one in AGGREGATED
    ),
]


class Server:
    """Answers discovery, and everything else with an object that passes for all; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.pages: list[dict[str, Any]] = []
        self.away = ["away/v1"]
        configuration = SimpleNamespace(
            host="https://there", ssl_ca_cert="/ca", get_api_key_with_prefix=lambda _: None, connection_pool_maxsize=1
        )
        pool = SimpleNamespace(request=self.request)
        self.api: Any = SimpleNamespace(configuration=configuration, rest_client=SimpleNamespace(pool_manager=pool))

    def request(self, method: str, url: str, **kwargs: Any) -> urllib3.HTTPResponse:
        path = url.removeprefix("https://there")
        said: Any = {"items": [], "metadata": {}, "status": {"token": "eyJ", "allowed": True}}
        version = path.removeprefix("/apis/").removeprefix("/api/")
        if version in KINDS:
            said = {"resources": [self._kind(*one) for one in KINDS[version].items()]}
        elif path == "/apis":
            said = {"groups": _groups([*list(KINDS)[1:], *self.away])}
        elif path == "/apis/apiregistration.k8s.io/v1/apiservices":
            said = {"items": SERVICES, "metadata": {}}
        elif path == "/apis/away/v1":
            return urllib3.HTTPResponse(body=io.BytesIO(b"{}"), status=503, preload_content=False)
        elif self.pages:
            said = self.pages.pop(0)
        if version not in KINDS:
            self.asked.append((method, path, kwargs["headers"]))
        return urllib3.HTTPResponse(body=io.BytesIO(json.dumps(said).encode()), status=200, preload_content=False)

    @staticmethod
    def _kind(kind: str, namespaced: bool) -> dict[str, Any]:
        return {"name": f"{kind.lower()}s", "kind": kind, "namespaced": namespaced, "verbs": ["list"]}


def _groups(versions: list[str]) -> list[dict[str, Any]]:
    """Return what discovery says of groups: the first version of each is the preferred one."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in versions:
        found.setdefault(one.partition("/")[0], []).append({"groupVersion": one})
    return [{"name": name, "preferredVersion": ones[0], "versions": ones[::-1]} for name, ones in found.items()]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def client(server: Server) -> ProbingClient:
    made = ProbingClient(server.api, {"User-Agent": "x"}, 5.0)
    made.ground.open(OWN)
    made._anonymous = server.api
    made.maker().learn_servers()
    server.asked.clear()
    return made


def manifest(version: str, kind: str, name: str, namespace: str = "") -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


INSIDE = manifest("v1", "ConfigMap", "one", "shared-a")
OUTSIDE = manifest("v1", "ConfigMap", "one", "apps")
POD = manifest("v1", "Pod", "one", "shared-a")
BUCKET = manifest("source.toolkit.fluxcd.io/v1", "Bucket", "one", "shared-a")
ROLE = manifest("rbac.authorization.k8s.io/v1", "ClusterRole", "one")
SPACE = manifest("v1", "Namespace", "shared-a")
ALIEN = manifest("v1", "Namespace", "apps")
LEASE = manifest("coordination.k8s.io/v1", "Lease", LEASE_NAME, "default")

DRY: list[Callable[[Any], object]] = [
    lambda c: c.create(INSIDE),
    lambda c: c.create(INSIDE, dry_run=True),
    lambda c: c.create(BUCKET),
    lambda c: c.create(POD),
    lambda c: c.create(ALIEN),
    lambda c: c.create(ROLE),
    lambda c: c.create(SPACE),
    lambda c: c.create(LEASE),
    lambda c: c.apply(OUTSIDE),
    lambda c: c.apply(INSIDE, dry_run=True),
    lambda c: c.apply(POD),
    lambda c: c.apply(BUCKET),
    lambda c: c.apply(ROLE),
    lambda c: c.apply(ALIEN),
    lambda c: c.patch(Ref.of(INSIDE), {"data": {}}),
    lambda c: c.patch(Ref.of(INSIDE), [{"op": "remove", "path": "/data"}]),
    lambda c: c.patch(Ref.of(SPACE), {"metadata": {}}),
    lambda c: c.delete(Ref.of(INSIDE)),
    lambda c: c.delete(Ref.of(SPACE)),
    lambda c: c.delete_if_exists(Ref.of(OUTSIDE)),
    lambda c: c.delete(Ref.of(LEASE)),
]


@pytest.mark.parametrize("write", DRY)
@pytest.mark.parametrize(
    "identity",
    [
        lambda client: client,
        lambda client: client.with_token("eyJ", user_agent="y"),
        lambda client: client.impersonating("gotk:shared-a:reconciler"),
    ],
    ids=["admin", "tenant", "user"],
)
def test_what_is_not_planted_is_a_dry_run(server: Server, client: ProbingClient, identity: Any, write: Any) -> None:
    write(identity(client))
    (asked,) = server.asked
    assert asked[0] != "GET"
    assert asked[1].count("dryRun=All") == 1


@pytest.mark.parametrize("one", [INSIDE, SPACE, manifest("v1", "ServiceAccount", "one", "b17-plain")])
def test_what_is_planted_in_its_own_ground_lasts(server: Server, client: ProbingClient, one: Manifest) -> None:
    client.apply(one)
    client.with_token("eyJ", user_agent="y").apply(one)
    assert ["dryRun" in path for _, path, _ in server.asked] == [False, False]


def test_tokens_are_those_of_its_own_accounts(server: Server, client: ProbingClient) -> None:
    assert client.token("shared-a", "flux") == "eyJ"
    assert server.asked[0][1] == "/api/v1/namespaces/shared-a/serviceaccounts/flux/token"
    for other in (client, client.with_token("eyJ", user_agent="y"), client.maker()):
        with pytest.raises(ProbeError, match="held back: POST /api/v1/namespaces/apps/serviceaccounts/flux/token"):
            other.token("apps", "flux")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.objects("v1", "Secret"),
        lambda c: c.objects("v1", "Secret", namespace="apps"),
        lambda c: c.get(ref_to("Secret/canary", "flux-system")),
        lambda c: list(c.watch("v1", "Secret", namespace="apps")),
        lambda c: list(c.pod_log("shared-a", "one")),
        lambda c: c.impersonating("admin", group="system:masters"),
        lambda c: c.create(manifest("metrics.k8s.io/v1beta1", "PodMetrics", "one", "shared-a")),
        lambda c: c.create(manifest("metrics.k8s.io/v1beta1", "PodMetrics", "one", "shared-a"), dry_run=True),
    ],
)
def test_what_a_dry_run_would_not_make_harmless_is_held_back(server: Server, client: ProbingClient, ask: Any) -> None:
    with pytest.raises(ProbeError, match="a probe makes nothing outside of its own namespaces") as raised:
        ask(client)
    assert isinstance(raised.value, Breakdown)
    assert server.asked == []


def test_its_own_secrets_are_read_and_others_read_without_them(server: Server, client: ProbingClient) -> None:
    client.get(ref_to("Secret/canary", "shared-a"))
    client.objects("v1", "ConfigMap", namespace="flux-system")
    assert [method for method, _, _ in server.asked] == ["GET", "GET"]


def test_before_and_after_nothing_lasts(server: Server, client: ProbingClient) -> None:
    early = ProbingClient(server.api, {}, 5.0)
    early.maker().learn_servers()
    early.apply(INSIDE)
    assert "dryRun=All" in server.asked[-1][1]
    server.asked.clear()
    client.ground.close("it is over")
    with pytest.raises(ProbeError, match="nothing is made any more: it is over"):
        client.apply(INSIDE)
    with pytest.raises(ProbeError, match="nothing is made any more"):
        client.token("shared-a", "flux")
    client.maker().delete(Ref.of(SPACE))
    assert [method for method, _, _ in server.asked] == ["DELETE"]


@pytest.mark.parametrize("ended", [True, False])
def test_the_lease_is_held_before_there_is_ground_and_after_it_was_closed(server: Server, ended: bool) -> None:
    maker = ProbingClient(server.api, {}, 5.0).maker()
    if ended:
        maker.ground.open(OWN)
        maker.ground.close("it is over")
    maker.learn_servers()
    maker.create(LEASE)
    maker.patch(Ref.of(LEASE), {"spec": {}})
    maker.delete(Ref.of(LEASE))
    assert [path for _, path, _ in server.asked if "dryRun" in path] == []
    with pytest.raises(ProbeError, match="nothing is made any more") if ended else contextlib.nullcontext():
        maker.create(SPACE)


def test_closing_waits_for_what_is_being_made() -> None:
    ground, inside, closed = Ground(), threading.Event(), threading.Event()
    ground.open(OWN)

    def close() -> None:
        inside.wait(5)
        ground.close("over")
        closed.set()

    thread = threading.Thread(target=close)
    thread.start()
    with ground.growing():
        inside.set()
        assert not closed.wait(0.05)
    thread.join(5)
    assert closed.is_set()


def test_the_maker_makes_namespaces_and_the_lease_and_no_others(server: Server, client: ProbingClient) -> None:
    maker = client.maker()
    client.ground.removable |= {"left-over"}
    for one in (SPACE, LEASE):
        maker.create(one)
    maker.apply(INSIDE)
    maker.patch(Ref.of(LEASE), {"spec": {}})
    for ref in (Ref.of(LEASE), Ref.of(SPACE), ref_to("Namespace/left-over")):
        maker.delete(ref)
    assert [path for _, path, _ in server.asked if "dryRun" in path] == []
    server.asked.clear()
    for ref in (Ref.of(ALIEN), Ref.of(INSIDE), Ref("coordination.k8s.io/v1", "Lease", "other", "default")):
        maker.delete(ref)
    maker.create(ALIEN)
    maker.create(manifest("coordination.k8s.io/v1", "Lease", LEASE_NAME, "kube-system"))
    maker.create(BUCKET)
    maker.delete(Ref.of(SPACE), dry_run=True)
    assert [path for _, path, _ in server.asked if "dryRun=All" not in path] == []


def test_a_review_asks_for_one_right_and_lasts_nowhere(server: Server, client: ProbingClient) -> None:
    assert client.may("create", "", "serviceaccounts/token", namespace="a", name="b") is True
    ((method, path, _),) = server.asked
    assert (method, path) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?dryRun=All")


def test_until_it_knows_who_serves_a_group_nothing_but_reviews_is_sent(server: Server) -> None:
    early = ProbingClient(server.api, {}, 5.0)
    assert early.may("create", "", "pods")
    for one in (OUTSIDE, BUCKET, ROLE):
        with pytest.raises(ProbeError, match="held back: POST"):
            early.create(one)
    assert len(server.asked) == 1


def test_who_serves_a_group_is_told_by_its_apiservices(client: ProbingClient) -> None:
    kept = client.ground.kept
    assert kept >= {"", "example.com", "notification.toolkit.fluxcd.io", "authorization.k8s.io"}
    assert not kept & {"metrics.k8s.io", "flunder.fluxcd.io", "unheard-of.k8s.io"}


def test_the_rules_of_an_identity_are_asked_for_in_one_namespace(server: Server, client: ProbingClient) -> None:
    server.pages = [{"status": {"resourceRules": [{"verbs": ["get"]}]}}, {"status": {"resourceRules": None}}]
    assert client.rules("shared-a") == [{"verbs": ["get"]}]
    assert client.rules("shared-a") == []
    assert {path for _, path, _ in server.asked} == {"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews?dryRun=All"}


def test_an_inventory_takes_metadata_alone_page_by_page(server: Server, client: ProbingClient) -> None:
    server.pages = [
        {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "b"}},
        {"items": [{"metadata": {"name": "z"}}], "metadata": {}},
    ]
    found = list(client.maker().metadata("v1", "Secret"))
    assert [one["name"] for one in found] == ["a", "z"]
    assert [path for _, path, _ in server.asked] == [
        "/api/v1/secrets?limit=500",
        "/api/v1/secrets?limit=500&continue=b",
    ]
    assert {headers["Accept"].partition(";")[2] for _, _, headers in server.asked} == {
        "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    }


def test_an_inventory_of_nothing_is_empty(server: Server, client: ProbingClient) -> None:
    server.pages = [{"items": None, "metadata": {}}]
    assert list(client.maker().metadata("v1", "Secret")) == []


def test_kinds_of_a_server_that_is_away_are_named(client: ProbingClient) -> None:
    kinds, silent = client.maker().kinds()
    assert ("v1", "ConfigMap") in kinds
    assert ("coordination.k8s.io/v1", "Lease") in kinds
    assert ("apiregistration.k8s.io/v1", "APIService") in kinds
    assert silent == ["metrics.k8s.io/v1beta1", "away/v1"]
    assert isinstance(client.maker(), MakingClient)


def test_kinds_that_the_preferred_version_of_a_group_lacks_are_there_too(server: Server, client: ProbingClient) -> None:
    wanted = [
        ("notification.toolkit.fluxcd.io/v1", "Receiver"),
        ("notification.toolkit.fluxcd.io/v1beta3", "Alert"),
    ]
    assert [one for one in client.maker().kinds()[0] if "notification" in one[0]] == wanted
    server.away = []
    assert [one for one in client.listable() if "notification" in one[0]] == wanted


def test_inert_kinds_run_nothing() -> None:
    assert not {"pods", "deployments", "jobs", "persistentvolumeclaims", "services"} & set(INERT.values())
