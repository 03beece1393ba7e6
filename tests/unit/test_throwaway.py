"""The throw-away namespaces of a probe: refused first, made, and gone again."""

import pytest
from support.probed import FakeCluster

from conformance.errors import InputError, KubeError, WaitTimeout
from conformance.kube.objects import ref_to
from conformance.kube.probing import ProbeError
from conformance.model import Manifest
from conformance.providers.throwaway import (
    LABEL,
    Plan,
    Throwaway,
    refuse_taken,
    refuse_undeletable,
)
from conformance.settings import Timeouts

RUN = "20260101T000000Z-abcdef"
TIMEOUTS = Timeouts(workload=0.2, namespace_gone=0.2)


def manifest(kind: str, name: str, namespace: str = "", version: str = "v1") -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {"labels": {"tenant": name}})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


TENANT = [
    manifest("ServiceAccount", "flux", "shared-a"),
    manifest("ResourceQuota", "quota", "shared-a"),
    manifest("Namespace", "shared-a"),
    manifest("GitRepository", "shared-a", "shared-a", "source.toolkit.fluxcd.io/v1"),
    manifest("Deployment", "app", "shared-a", "apps/v1"),
]
PLAN = Plan(tenants={"shared-a": TENANT}, plain=["b17-plain"])


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    made.add("v1", "Namespace", "apps")
    return made


def ground(cluster: FakeCluster, plan: Plan = PLAN) -> Throwaway:
    return Throwaway(cluster.maker(), plan, RUN, TIMEOUTS)


def namespaces(cluster: FakeCluster) -> list[str]:
    return sorted(ref.name for ref in cluster.there if ref.kind == "Namespace")


def test_namespaces_are_made_with_what_does_nothing_in_them(cluster: FakeCluster) -> None:
    ground(cluster).make()
    assert namespaces(cluster) == ["apps", "b17-plain", "shared-a"]
    labels = cluster.get(ref_to("Namespace/shared-a"))["metadata"]["labels"]
    assert labels == {"tenant": "shared-a", LABEL: RUN}
    kinds = {ref.kind for ref in cluster.there if ref.namespace == "shared-a"}
    assert kinds == {"ServiceAccount", "ResourceQuota"}
    assert PLAN.left_out == ["GitRepository/shared-a", "Deployment/app"]
    assert cluster.ground.namespaces == {"shared-a", "b17-plain"}


def test_all_of_the_run_go_again_and_no_other(cluster: FakeCluster) -> None:
    cluster.add("v1", "Namespace", "other", metadata={"labels": {LABEL: "another-run"}})
    one = ground(cluster)
    one.make()
    one.remove()
    assert namespaces(cluster) == ["apps", "other"]
    with pytest.raises(ProbeError), cluster.ground.growing():
        pytest.fail("the ground is open")


def test_what_was_half_made_goes_too(cluster: FakeCluster) -> None:
    cluster.forbidden.add(("apply", ref_to("ServiceAccount/flux", "shared-a")))
    one = ground(cluster)
    with pytest.raises(KubeError, match="is guarded"):
        one.make()
    one.remove()
    assert namespaces(cluster) == ["apps"]


def test_a_namespace_that_came_meanwhile_is_not_taken_over(cluster: FakeCluster) -> None:
    cluster.add("v1", "Namespace", "shared-a")
    one = ground(cluster)
    with pytest.raises(KubeError, match="Namespace/shared-a is there"):
        one.make()
    one.remove()
    assert namespaces(cluster) == ["apps", "shared-a"]


def test_left_overs_of_earlier_probes_are_removed(cluster: FakeCluster) -> None:
    for name in ("shared-a", "d02-plain"):
        cluster.add("v1", "Namespace", name, metadata={"labels": {LABEL: "killed"}})
    assert ground(cluster).reap() == ["shared-a", "d02-plain"]
    assert namespaces(cluster) == ["apps"]
    assert cluster.ground.removable == {"shared-a", "d02-plain"}


def test_what_stays_is_named(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ground(cluster)
    one.make()
    monkeypatch.setattr(cluster, "delete", lambda _: None)
    with pytest.raises(KubeError, match=r"not gone after 0\.2 s: b17-plain, shared-a") as raised:
        one.remove()
    assert LABEL in raised.value.hint


def test_it_serves_when_kubernetes_has_done_its_part(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find", lambda _: None)
    with pytest.raises(WaitTimeout, match=r"the namespaces serve .*shared-a/ServiceAccount/default"):
        ground(cluster).make()


def test_names_of_others_are_refused_all_at_once() -> None:
    there = [manifest("Namespace", name) for name in ("apps", "shared-a", "b17-plain")]
    with pytest.raises(InputError, match="these are there already: b17-plain, shared-a"):
        refuse_taken(there, PLAN)
    ours = [{"metadata": {"name": "shared-a", "labels": {LABEL: "killed"}}}]
    refuse_taken(ours, PLAN)
    refuse_taken([{"metadata": {"name": "apps"}}], PLAN)


def test_whether_a_namespace_could_be_deleted_again_is_asked_by_a_dry_run(cluster: FakeCluster) -> None:
    refuse_undeletable(cluster.maker(), ["apps", "ops"])
    assert cluster.said == ["delete Namespace/apps"]
    assert namespaces(cluster) == ["apps"]
    cluster.forbidden.add(("delete", ref_to("Namespace/apps")))
    with pytest.raises(
        InputError, match=r"could not delete the namespaces .* dry-run for apps.* 403: .* guarded"
    ) as no:
        refuse_undeletable(cluster.maker(), ["apps", "ops"])
    assert "system:masters" in no.value.hint
