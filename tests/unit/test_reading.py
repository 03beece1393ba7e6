"""The client of an audit: reads go out, and nothing else does."""

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from conformance.errors import Breakdown, MissingRightError
from conformance.kube.client import ApiError
from conformance.kube.objects import ref_to
from conformance.kube.reading import AGENT, AuditError, ReadingClient

CONFIGMAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "apps"}}
REF = ref_to("ConfigMap/one", "apps")


class Server:
    """Answers every request with a discovery document that also passes for a list, and keeps what was asked."""

    def __init__(self, token: str | None = None, refused: int = 0) -> None:
        self.refused = refused
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        configuration = SimpleNamespace(host="https://there", get_api_key_with_prefix=lambda _: token)
        self.api: Any = SimpleNamespace(
            configuration=configuration, rest_client=SimpleNamespace(pool_manager=SimpleNamespace(request=self.request))
        )

    def request(self, method: str, url: str, **kwargs: Any) -> urllib3.HTTPResponse:
        self.asked.append((method, url.removeprefix("https://there"), kwargs["headers"]))
        if self.refused and url.rpartition("/")[2] != "v1":
            body = {"reason": "Forbidden", "message": "that is not for x"}
            raw = io.BytesIO(json.dumps(body).encode())
            return urllib3.HTTPResponse(body=raw, status=self.refused, preload_content=False)
        kinds = [{"name": f"{one.lower()}s", "kind": one, "namespaced": True} for one in ("ConfigMap", "Secret")]
        said = {"items": [], "metadata": {}, "gitVersion": "v1.36.3", "resources": kinds}
        return urllib3.HTTPResponse(body=io.BytesIO(json.dumps(said).encode()), status=200, preload_content=False)


def reader(server: Server) -> ReadingClient:
    return ReadingClient(server.api, {"User-Agent": AGENT}, 5.0)


@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.apply(CONFIGMAP),
        lambda client: client.apply(CONFIGMAP, dry_run=True),
        lambda client: client.create(CONFIGMAP),
        lambda client: client.create(CONFIGMAP, dry_run=True),
        lambda client: client.patch(REF, {"data": {}}),
        lambda client: client.patch_if_exists(REF, {"data": {}}),
        lambda client: client.delete(REF),
        lambda client: client.delete_if_exists(REF),
        lambda client: client.token("apps", "flux"),
        lambda client: client.impersonating("somebody"),
        lambda client: client.with_token("eyJ", user_agent="x"),
        lambda client: client.find(ref_to("Secret/canary", "apps")),
        lambda client: client.objects("v1", "Secret"),
        lambda client: list(client.watch("v1", "Secret", namespace="apps")),
        lambda client: list(client.pod_log("apps", "one")),
    ],
)
def test_whatever_is_more_than_a_read_is_held_back(write: Callable[[ReadingClient], object]) -> None:
    server = Server()
    with pytest.raises(
        AuditError, match="an audit changes nothing, reads no Secret, and is nobody else; held back: "
    ) as raised:
        write(reader(server))
    assert isinstance(raised.value, Breakdown)
    assert raised.value.layer == "audit"
    # Discovery of the kind at most.
    assert {(method, path) for method, path, _ in server.asked} <= {("GET", "/api/v1")}


def test_reads_go_out_and_name_the_audit() -> None:
    server = Server()
    client = reader(server)
    assert client.version() == "v1.36.3"
    assert client.objects("v1", "ConfigMap", namespace="secrets") == []
    client.get(ref_to("ConfigMap/log", "proxy"))
    paths = [path for _, path, _ in server.asked]
    assert paths[0] == "/version"
    assert paths[2:] == ["/api/v1/namespaces/secrets/configmaps", "/api/v1/namespaces/proxy/configmaps/log"]
    assert {headers["User-Agent"] for _, _, headers in server.asked} == {AGENT}


@pytest.mark.parametrize("token", ["Bearer abc", None])
def test_a_token_of_the_kubeconfig_is_sent(token: str | None) -> None:
    server = Server(token)
    reader(server).version()
    assert server.asked[0][2].get("Authorization") == token


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (lambda client: client.find(REF), "get configmaps in apps"),
        (lambda client: client.objects("v1", "ConfigMap"), "list configmaps"),
        (lambda client: client.objects("v1", "ConfigMap", namespace="apps", labels="a=b"), "list configmaps in apps"),
        (lambda client: list(client.watch("v1", "ConfigMap", namespace="apps")), "watch configmaps in apps"),
        (lambda client: client.groups(), "get /apis"),
    ],
)
def test_a_missing_right_is_neither_an_answer_nor_an_empty_list(
    read: Callable[[ReadingClient], object], right: str
) -> None:
    with pytest.raises(MissingRightError, match=f"^these credentials may not {right}") as raised:
        read(reader(Server(refused=403)))
    assert not isinstance(raised.value, ApiError)
    assert (raised.value.right, raised.value.observed) == (right, "that is not for x")
    assert "fixtures/existing/audit.yaml" in raised.value.hint


def test_another_error_of_the_server_stays_what_it_is() -> None:
    with pytest.raises(ApiError) as raised:
        reader(Server(refused=500)).get(REF)
    assert raised.value.status == 500
