"""What of tenants' objects counts as touched by an upgrade, and what comes and goes by itself."""

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.bootstrap.platform import Platform
from conformance.kube.client import ApiError
from conformance.upgrading.workloads import State, inventory, listed_kinds, touched

FLUX = "kustomize.toolkit.fluxcd.io/v1"
Objects = list[dict[str, Any]]


def one(kind: str, name: str = "podinfo", api: str = "v1", namespace: str = "apps", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"{kind}-{name}-uid", "resourceVersion": "1", "managedFields": [{}]}
    metadata |= {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {**metadata, **parts.pop("metadata", {})}, **parts}


def schema(**properties: Any) -> dict[str, Any]:
    """The CustomResourceDefinition of Kustomization, with a schema of its spec."""
    openapi = {"properties": {"spec": {"properties": properties}}}
    spec = {
        "group": "kustomize.toolkit.fluxcd.io",
        "names": {"kind": "Kustomization"},
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": openapi}}, {"name": "v0"}],
    }
    return {"kind": "CustomResourceDefinition", "spec": spec}


def seen(objects: Objects, *crds: dict[str, Any], kinds: list[tuple[str, str]] | None = None) -> dict[str, State]:
    served = [(each["apiVersion"], each["kind"]) for each in objects]
    asked = list(dict.fromkeys(served)) if kinds is None else kinds

    def listing(api_version: str, kind: str) -> Objects:
        if kind == "CustomResourceDefinition":
            return list(crds)
        if kind == "Gone":
            raise ApiError(404, "NotFound", "the server has no kind 'Gone'", "discovery")
        return [each for each in objects if (each["apiVersion"], each["kind"]) == (api_version, kind)]

    platform = SimpleNamespace(tenants={"dev-team": "apps"}, client=SimpleNamespace(objects=listing))
    return inventory(cast("Platform", platform), asked)


def changed(manifest: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, tuple[str, str]]:
    after = copy.deepcopy(manifest)
    change(after)
    return touched(seen([manifest]), seen([after]))


DEPLOYMENT = one(
    "Deployment",
    api="apps/v1",
    metadata={"generation": 1, "annotations": {"a": "b"}},
    spec={"replicas": 1, "list": [{"x": 1}]},
    status={"readyReplicas": 1},
)


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(lambda m: m["status"].update(readyReplicas=0), id="status"),
        pytest.param(lambda m: m.pop("status"), id="no status"),
        pytest.param(lambda m: m["metadata"].update(resourceVersion="2"), id="resource version"),
        pytest.param(lambda m: m["metadata"].update(managedFields=[{"manager": "x"}]), id="managed fields"),
        pytest.param(
            lambda m: m["metadata"]["annotations"].update({"reconcile.fluxcd.io/requestedAt": "now"}), id="a request"
        ),
    ],
)
def test_what_is_kept_books_with_is_no_change(harmless: Any) -> None:
    assert changed(DEPLOYMENT, harmless) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda m: m["spec"].update(replicas=0), ", other in spec.replicas", id="spec"),
        pytest.param(lambda m: m["spec"]["list"][0].update(x=2), ", other in spec.list.0.x", id="in a list"),
        pytest.param(lambda m: m["spec"]["list"].append({}), ", other in spec.list", id="longer list"),
        pytest.param(lambda m: m["spec"].update(new=1), ", other in spec.new", id="a field more"),
        pytest.param(lambda m: m["spec"].pop("replicas"), ", other in spec.replicas", id="a field less"),
        pytest.param(lambda m: m["metadata"].update(labels={"x": "y"}), ", other in metadata.labels", id="labels"),
        pytest.param(
            lambda m: m["metadata"]["annotations"].clear(), ", other in metadata.annotations", id="annotation"
        ),
        pytest.param(lambda m: m["metadata"].update(deletionTimestamp="t"), "deletionTimestamp", id="being deleted"),
        pytest.param(lambda m: m["metadata"].update(generation=3), " generation 3 ", id="there and back"),
        pytest.param(lambda m: m["metadata"].update(uid="other-uid"), "other-ui ", id="made anew"),
        pytest.param(
            lambda m: m.update(status={"containerStatuses": [{"restartCount": 2}]}), "restarts 2 ", id="restarted"
        ),
    ],
)
def test_what_an_object_says_otherwise_is_a_change(change: Any, said: str) -> None:
    ((name, (before, after)),) = changed(DEPLOYMENT, change).items()
    assert name == "apps/Deployment/podinfo"
    assert said in after
    assert before != after


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "RoleBinding", "ServiceAccount", "ResourceQuota"])
def test_kinds_without_a_generation_are_seen_too(kind: str) -> None:
    ((before, after),) = changed(one(kind, data={"key": "a"}), lambda m: m.update(data={"key": "b"})).values()
    assert after.endswith(", other in data.key")
    assert before != after


def test_many_fields_are_not_all_named() -> None:
    before = one("ConfigMap", data=dict.fromkeys("abcd", "1"))
    ((_, after),) = changed(before, lambda m: m.update(data={})).values()
    assert after.endswith(", other in data.a, data.b, data.c …")


def test_what_is_gone_or_new_is_told_apart() -> None:
    old, new = seen([one("Pod", "a"), one("Pod", "b")]), seen([one("Pod", "b"), one("Pod", "c")])
    found = touched(old, new)
    assert list(found) == ["apps/Pod/a", "apps/Pod/c"]
    assert (found["apps/Pod/a"][1], found["apps/Pod/c"][0]) == ("absent", "absent")


def test_a_kind_that_is_served_no_more_has_no_objects() -> None:
    assert seen([one("Pod")], kinds=[("v1", "Pod"), ("v1", "Gone")]).keys() == {"apps/Pod/podinfo"}


def test_namespaces_of_tenants_are_looked_at_and_those_of_others_not() -> None:
    space = lambda name: one("Namespace", name, namespace="")  # noqa: E731
    objects = [space("apps"), space("other"), one("Pod", namespace="other"), one("Node", "apps", namespace="")]
    assert set(seen(objects)) == {"Namespace/apps"}


def test_what_cronjobs_make_comes_and_goes() -> None:
    owned = lambda kind, uid: {"ownerReferences": [{"kind": kind, "uid": uid}]}  # noqa: E731
    job = one("Job", "timed", metadata=owned("CronJob", "c"))
    own = one("Job", "own")
    pods = [one("Pod", kind["metadata"]["name"], metadata=owned("Job", kind["metadata"]["uid"])) for kind in (job, own)]
    assert set(seen([job, own, *pods])) == {"apps/Job/own", "apps/Pod/own"}


def kustomization(spec: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    return one("Kustomization", api=FLUX, spec=spec, metadata={"generation": generation})


NEW = {"mode": {"default": "on"}, "deep": {"default": {}, "properties": {"a": {"default": 1}, "b": {}}}}


@pytest.mark.parametrize("generation", [1, 2])
def test_a_default_that_a_schema_brings_or_takes_is_nobodys_change(generation: int) -> None:
    short, long = kustomization({"x": 1}), kustomization({"x": 1, "mode": "on", "deep": {"a": 1}}, generation)
    assert touched(seen([short], schema()), seen([long], schema(**NEW))) == {}
    assert touched(seen([long], schema(**NEW)), seen([short], schema())) == {}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"mode": "off"}, id="another value than the default"),
        pytest.param({"deep": {"a": 2}}, id="another within it"),
        pytest.param({"deep": {"a": 1, "b": 1}}, id="one more within it"),
        pytest.param({"other": 1}, id="a field without a default"),
    ],
)
def test_a_field_that_is_no_default_is_a_change(spec: dict[str, Any]) -> None:
    assert touched(seen([kustomization({})], schema(**NEW)), seen([kustomization(spec)], schema(**NEW))) != {}
    assert touched(seen([kustomization(spec)], schema(**NEW)), seen([kustomization({})], schema(**NEW))) != {}


def test_digests_do_not_tell_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    state = seen([one("Secret", data={"key": "value"})])["apps/Secret/podinfo"]
    first = str(state)
    assert "value" not in first
    monkeypatch.setattr("conformance.upgrading.workloads._SALT", b"another run's")
    assert str(state) != first


def test_what_only_says_how_things_are_going_is_not_looked_at() -> None:
    listable = [("v1", "Pod"), ("v1", "Event"), ("v1", "Endpoints"), ("coordination.k8s.io/v1", "Lease")]
    platform = SimpleNamespace(client=SimpleNamespace(listable=lambda: listable))
    assert listed_kinds(cast("Platform", platform)) == [("v1", "Pod")]
