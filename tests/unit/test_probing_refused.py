"""What the client of a probe is refused: a right that the platform lacks is no answer, what a tenant is told is one."""

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from conformance.errors import MissingRightError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, ref_to
from conformance.kube.probing import LEASE_NAME, MakingClient, ProbingClient

KINDS = {"ConfigMap": "configmaps", "Bucket": "buckets", "Lease": "leases"}
BUCKET = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "Bucket",
    "metadata": {"name": "one", "namespace": "shared-a"},
}
INSIDE = ref_to("ConfigMap/one", "shared-a")
RBAC = 'buckets.x is forbidden: User "me" cannot {} resource "{}" in API group "" in the namespace "shared-a"'


class Server:
    """Answers discovery, and refuses everything else with its words, where it has some."""

    def __init__(self, refusal: str = "", status: int = 403) -> None:
        self.refusal, self.status = refusal, status
        self.asked: list[tuple[str, str, Any]] = []
        configuration = SimpleNamespace(
            host="https://there", ssl_ca_cert="/ca", get_api_key_with_prefix=lambda _: None, connection_pool_maxsize=1
        )
        pool = SimpleNamespace(request=self.request)
        self.api: Any = SimpleNamespace(configuration=configuration, rest_client=SimpleNamespace(pool_manager=pool))

    def request(self, method: str, url: str, **kwargs: Any) -> urllib3.HTTPResponse:
        path, body = url.removeprefix("https://there"), kwargs["body"]
        if path.rpartition("/")[2].startswith("v1"):
            found = [{"name": name, "kind": kind, "namespaced": True} for kind, name in KINDS.items()]
            return _answer(200, {"resources": found})
        self.asked.append((method, path, json.loads(body) if body else None))
        if self.refusal:
            return _answer(self.status, {"reason": "Forbidden", "message": self.refusal})
        return _answer(200, {"items": [], "metadata": {}})

    def client(self) -> ProbingClient:
        made = ProbingClient(self.api, {"User-Agent": "x"}, 5.0)
        made.ground.open(frozenset({"shared-a"}))
        made.ground.kept |= {"", "source.toolkit.fluxcd.io"}
        made._anonymous = self.api
        return made

    def maker(self) -> MakingClient:
        return self.client().maker()


def _answer(status: int, said: Any) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(body=io.BytesIO(json.dumps(said).encode()), status=status, preload_content=False)


@pytest.mark.parametrize(
    ("ask", "said", "right"),
    [
        (lambda c: c.create(BUCKET), RBAC.format("create", "buckets"), "create buckets.source.toolkit.fluxcd.io in"),
        (lambda c: c.patch(Ref.of(BUCKET), {}), RBAC.format("patch", "x"), "patch buckets.source.toolkit.fluxcd.io in"),
        (lambda c: c.find(INSIDE), "of another authorizer", "get configmaps in shared-a"),
        (lambda c: c.impersonating("you").find(INSIDE), RBAC.format("impersonate", "users"), "impersonate users you"),
        (  # Kubernetes 1.36
            lambda c: c.impersonating("you").create(BUCKET),
            RBAC.format("impersonate-on:user-info:create", "buckets"),
            "impersonate users you",
        ),
    ],
)
def test_what_the_platform_itself_may_not_is_a_missing_right(
    ask: Callable[[ProbingClient], object], said: str, right: str
) -> None:
    with pytest.raises(MissingRightError, match=f"these credentials may not {right}") as raised:
        ask(Server(said).client())
    assert raised.value.observed == said


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.client().with_token("eyJ", user_agent="x").create(BUCKET), RBAC.format("create", "buckets")),
        (lambda s: s.client().impersonating("you").create(BUCKET), RBAC.format("create", "buckets")),
        (lambda s: s.client().create(BUCKET), "ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no"),
        (lambda s: list(s.maker().metadata("v1", "ConfigMap")), RBAC.format("list", "configmaps")),
    ],
)
def test_what_tenants_and_admission_say_stays_an_answer(ask: Callable[[Server], object], said: str) -> None:
    with pytest.raises(ApiError) as raised:
        ask(Server(said))
    assert (raised.value.status, raised.value.message) == (403, said)


def read(ref: Ref) -> dict[str, Any]:
    metadata = {"name": ref.name, "namespace": ref.namespace, "uid": "u", "resourceVersion": "7", "labels": {}}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}


def test_the_lease_goes_as_it_was_read_or_not_at_all() -> None:
    server = Server()
    server.maker().delete_unchanged(read(Ref("coordination.k8s.io/v1", "Lease", LEASE_NAME, "default")))
    ((method, path, body),) = server.asked
    assert (method, path) == ("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/default/leases/{LEASE_NAME}")
    assert body["preconditions"] == {"uid": "u", "resourceVersion": "7"}


def test_anything_else_is_deleted_by_a_dry_run_that_way_too() -> None:
    server = Server()
    server.maker().delete_unchanged(read(ref_to("ConfigMap/one", "apps")))
    assert [path for _, path, _ in server.asked] == ["/api/v1/namespaces/apps/configmaps/one?dryRun=All"]
