"""What there is before a probe and after it."""

from collections.abc import Iterator

import pytest
from support.probed import FakeCluster

from conformance.kube.client import FIELD_MANAGER, ApiError
from conformance.kube.objects import Ref, ref_to
from conformance.model import Manifest
from conformance.providers import inventory
from conformance.providers.probe_lease import REF

OWN = frozenset({"shared-a"})


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    made.add("v1", "Namespace", "apps")
    made.add("v1", "ConfigMap", "one", "apps")
    made.add("v1", "Event", "noise", "apps")
    made.add(REF.api_version, REF.kind, REF.name, REF.namespace)
    return made


def taken(cluster: FakeCluster) -> inventory.Inventory:
    return inventory.take(cluster.maker(), OWN)


def written(cluster: FakeCluster, name: str, manager: str) -> Ref:
    return cluster.add("v1", "ConfigMap", name, "apps", metadata={"managedFields": [{"manager": manager}]})


def test_two_looks_at_the_same_are_equal(cluster: FakeCluster) -> None:
    before, after = taken(cluster), taken(cluster)
    difference = inventory.compare(before, after)
    assert difference == inventory.Difference([], [])
    assert inventory.told(before, difference) == "inventory: 3 objects before and the same after"
    names = {ref.name for ref, _ in before.objects}
    assert names == {"apps", "default", "one"}


def test_what_events_and_the_lease_do_is_no_difference(cluster: FakeCluster) -> None:
    before = taken(cluster)
    cluster.add("v1", "Event", "more", "apps")
    del cluster.there[REF]
    assert inventory.compare(before, taken(cluster)) == inventory.Difference([], [])


@pytest.mark.parametrize("manager", [FIELD_MANAGER, f"{FIELD_MANAGER}-x"])
def test_what_the_suite_wrote_is_its_own(cluster: FakeCluster, manager: str) -> None:
    before = taken(cluster)
    written(cluster, "left", manager)
    difference = inventory.compare(before, taken(cluster))
    assert difference == inventory.Difference(["left: apps/ConfigMap/left"], [])
    assert "; by the probe: left: apps/ConfigMap/left" in inventory.told(before, difference)


def test_what_lies_in_its_namespaces_is_its_own_whoever_wrote_it(cluster: FakeCluster) -> None:
    before = taken(cluster)
    cluster.add("v1", "ConfigMap", "root-ca", "shared-a")
    cluster.add("v1", "Namespace", "shared-a")
    assert inventory.compare(before, taken(cluster)).ours == [
        "left: Namespace/shared-a",
        "left: shared-a/ConfigMap/root-ca",
        "left: shared-a/ServiceAccount/default",
    ]


def test_what_others_do_is_told_and_is_no_fault(cluster: FakeCluster) -> None:
    before = taken(cluster)
    written(cluster, "new", "kubectl")
    del cluster.there[ref_to("ConfigMap/one", "apps")]
    cluster.add("v1", "ConfigMap", "one", "apps")  # the same name, and another object
    difference = inventory.compare(before, taken(cluster))
    assert difference.ours == []
    assert difference.others == ["gone: apps/ConfigMap/one", "new: apps/ConfigMap/new", "new: apps/ConfigMap/one"]
    said = inventory.told(before, difference)
    assert "; by others meanwhile: gone: apps/ConfigMap/one, new: apps/ConfigMap/new" in said
    assert "the same after" not in said


def test_what_may_not_be_listed_is_named(cluster: FakeCluster) -> None:
    cluster.unlistable, cluster.silent = {"ConfigMap"}, ["away/v1"]
    before = taken(cluster)
    assert before.unread == ["ConfigMap", "away/v1"]
    assert inventory.told(before, inventory.Difference([], [])).endswith("; not listed: ConfigMap, away/v1")


def test_what_could_be_listed_before_alone_is_not_known(cluster: FakeCluster) -> None:
    before = taken(cluster)
    cluster.unlistable = {"ConfigMap"}
    difference = inventory.compare(before, taken(cluster))
    assert difference == inventory.Difference([], [], ("ConfigMap",))
    assert inventory.told(before, difference) == "inventory: 3 objects before; not listed again: ConfigMap"


def test_a_server_that_is_away_afterwards_hides_its_kinds(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = taken(cluster)
    monkeypatch.setattr(cluster, "kinds", lambda: ([("v1", "Namespace")], ["v1"]))
    assert inventory.compare(before, taken(cluster)).unknown == ("ConfigMap", "ServiceAccount")


def test_what_could_be_listed_afterwards_alone_did_not_come(cluster: FakeCluster) -> None:
    cluster.unlistable = {"ConfigMap"}
    before = taken(cluster)
    cluster.unlistable = set()
    assert inventory.compare(before, taken(cluster)) == inventory.Difference([], [])
    written(cluster, "left", FIELD_MANAGER)
    assert inventory.compare(before, taken(cluster)).ours == ["left: apps/ConfigMap/left"]


def test_of_a_list_that_breaks_off_nothing_counts(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cluster.metadata

    def broken(version: str, kind: str) -> Iterator[Manifest]:
        yield from whole(version, kind)
        if kind == "ConfigMap":
            raise ApiError(410, "Expired", "too old", "list")

    before = taken(cluster)
    monkeypatch.setattr(cluster, "metadata", broken)
    assert [ref.kind for ref, _ in taken(cluster).objects] == ["Namespace", "ServiceAccount"]
    assert inventory.compare(before, taken(cluster)).others == []


def test_objects_without_a_uid_are_known_by_their_name(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "metadata", lambda *_: iter([{"name": "one"}]))
    assert all(uid == "" for _, uid in taken(cluster).objects)


def test_of_many_differences_some_are_named(cluster: FakeCluster) -> None:
    said = inventory.told(taken(cluster), inventory.Difference([], [f"new: {one}" for one in "abcdefg"]))
    assert said.endswith("new: a, new: b, new: c, new: d, new: e and 2 more")
