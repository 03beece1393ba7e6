"""A probe as a whole: what it plans, when it is refused, and that its ground goes whatever happens."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.probed import FakeCluster

from conformance.bootstrap import probing as module
from conformance.bootstrap.probing import Probing, planned
from conformance.errors import Breakdown, InputError, KubeError
from conformance.kube.objects import Ref, ref_to
from conformance.model import Environment, Manifest
from conformance.providers.probe_lease import REF
from conformance.providers.throwaway import LABEL, Plan
from conformance.repos.fleet import Fleet, load_fleet
from conformance.settings import Timeouts, data_dir

TENANT: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared-a"}},
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "flux", "namespace": "shared-a"}},
    {"apiVersion": "x.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "a", "namespace": "shared-a"}},
]
BUILT = """apiVersion: v1
kind: Namespace
metadata: {name: apps, labels: {toolkit.fluxcd.io/tenant: dev-team}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: dev-team-reconciler, namespace: apps}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tenant-reconciler}
subjects: [{kind: User, name: gotk:apps:reconciler}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: dev-team, namespace: apps}
spec: {url: https://git.example.com/example/dev-team}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: dev-team, namespace: apps}
spec: {sourceRef: {kind: GitRepository, name: dev-team}}
"""


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    made.add("v1", "Namespace", "apps")
    made.add("v1", "Namespace", "ops")
    return made


@pytest.fixture
def probing(cluster: FakeCluster) -> Callable[..., Probing]:
    def make(plan: Plan | None = None, client: Any = cluster) -> Probing:
        found: Any = SimpleNamespace(
            cluster=SimpleNamespace(client=client),
            tenants={"dev-team": "apps", "ops-team": "ops"},
            namespaces=cluster.objects("v1", "Namespace"),
        )
        wanted = plan or Plan(tenants={"shared-a": TENANT}, plain=["b17-plain"])
        return Probing(found, wanted, "run-1", "flux-system", Timeouts(workload=0.2, namespace_gone=0.2))

    return make


@contextlib.contextmanager
def phase(_name: str) -> Iterator[None]:
    yield


def test_tenants_are_the_fleets_own_under_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def built(argv: Any, **_: Any) -> Any:
        asked.append(argv)
        return SimpleNamespace(stdout=BUILT)

    monkeypatch.setattr(module, "run", built)
    fleet = load_fleet(data_dir("fleet-repo"), [Environment.STAGING])
    plan = planned(fleet, Environment.STAGING, ["shared-a", "shared-b"], ["b17-plain"], lambda: Path("/kubectl"))
    assert asked == [[Path("/kubectl"), "kustomize", fleet.root / "tenants" / "staging"]]
    assert plan.namespaces == {"shared-a", "shared-b", "b17-plain"}
    objects = {Ref.of(one).label: one for one in plan.tenants["shared-b"]}
    assert objects["Namespace/shared-b"]["metadata"]["labels"] == {"toolkit.fluxcd.io/tenant": "shared-b"}
    assert objects["RoleBinding/dev-team-reconciler"]["subjects"][0]["name"] == "gotk:shared-b:reconciler"
    assert objects["ConfigMap/tenant-live"]["metadata"]["namespace"] == "shared-b"
    assert plan.left_out == ["GitRepository/shared-a", "Kustomization/shared-a"]


def test_where_no_tenant_is_asked_for_none_is_built(tmp_path: Path) -> None:
    fleet = Fleet(root=tmp_path, profile=load_fleet(data_dir("fleet-repo"), [Environment.STAGING]).profile)
    plan = planned(fleet, Environment.STAGING, [], ["j06-plain"], lambda: pytest.fail("built"))
    assert plan == Plan(plain=["j06-plain"])


def test_nothing_is_changed_by_the_looks_beforehand(cluster: FakeCluster, probing: Any) -> None:
    before = dict(cluster.there)
    probing().refuse("ops")
    assert cluster.there == before
    assert "delete Namespace/ops" in cluster.said  # the template's, by a dry-run
    assert cluster.said.index("learn servers") < cluster.said.index("delete Namespace/ops")


@pytest.mark.parametrize(
    ("lay", "said"),
    [
        (lambda c: c.add("v1", "Namespace", "shared-a"), "these are there already: shared-a"),
        (
            lambda c: c.denied.add(("create", "", "secrets")),
            "rights that these credentials have not:\n  create secrets",
        ),
        (lambda c: c.forbidden.add(("delete", ref_to("Namespace/apps"))), "could not delete the namespaces"),
    ],
)
def test_it_is_refused_before_anything_is_made(cluster: FakeCluster, probing: Any, lay: Any, said: str) -> None:
    lay(cluster)
    before = dict(cluster.there)
    with pytest.raises(InputError) as raised:
        probing().refuse("apps")
    assert said in raised.value.what
    assert cluster.there == before


@pytest.mark.parametrize(
    ("denied", "refused"),
    [
        (("delete", "", "namespaces"), True),
        (("create", "source.toolkit.fluxcd.io", "buckets"), False),
        (("list", "", "limitranges"), False),
    ],
)
def test_a_right_to_dry_runs_or_looks_of_checks_refuses_no_probe(
    cluster: FakeCluster, probing: Any, denied: tuple[str, str, str], *, refused: bool
) -> None:
    cluster.denied.add(denied)
    one = probing()
    with pytest.raises(InputError) if refused else contextlib.nullcontext():
        one.refuse("apps")
    assert bool(one.lacking) != refused


def test_the_ground_is_there_in_the_block_and_gone_afterwards(cluster: FakeCluster, probing: Any) -> None:
    before, one = set(cluster.there), probing()
    with one.laid(phase):
        assert {ref_to("Namespace/shared-a"), ref_to("ServiceAccount/flux", "shared-a"), REF} <= set(cluster.there)
    assert set(cluster.there) == before
    assert one.notes == [
        "the probe's tenants are without what would be acted on: GitRepository/a",
        "inventory: 4 objects before and the same after",
    ]
    assert one.breakdowns == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_it_is_gone_after_ctrl_c_and_after_errors(cluster: FakeCluster, probing: Any, error: Any) -> None:
    before, one = set(cluster.there), probing()
    with pytest.raises(error), one.laid(phase):
        raise error
    assert set(cluster.there) == before
    assert one.notes[-1] == "inventory: 4 objects before and the same after"


def test_it_is_gone_where_it_could_not_be_made(cluster: FakeCluster, probing: Any) -> None:
    cluster.forbidden.add(("apply", ref_to("ServiceAccount/flux", "shared-a")))
    before, one = set(cluster.there), probing()
    with pytest.raises(KubeError, match="is guarded"), one.laid(phase):
        pytest.fail("it was made")
    assert set(cluster.there) == before
    assert one.notes == ["inventory: 4 objects before and the same after"]


def test_what_an_earlier_one_left_is_told(cluster: FakeCluster, probing: Any) -> None:
    cluster.add("v1", "Namespace", "shared-a", metadata={"labels": {LABEL: "killed"}})
    one = probing()
    with one.laid(phase):
        pass
    assert one.notes[0] == "removed what an earlier probe had left: shared-a"
    assert ref_to("Namespace/shared-a") not in cluster.there


def test_what_cannot_be_removed_is_a_breakdown(
    cluster: FakeCluster, probing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = probing()
    with one.laid(phase):
        monkeypatch.setattr(cluster, "delete_if_exists", lambda _: None)
    assert "not gone after 0.2 s: b17-plain, shared-a" in one.breakdowns[0]


def test_what_is_left_elsewhere_is_a_breakdown(cluster: FakeCluster, probing: Any) -> None:
    one = probing()
    with one.laid(phase):
        managed = {"managedFields": [{"manager": "flux-tenancy-conformance"}]}
        cluster.add("v1", "ConfigMap", "left", "apps", metadata=managed)
    assert one.breakdowns == ["probe: it left objects behind: left: apps/ConfigMap/left"]


def test_what_could_not_be_looked_at_again_is_a_breakdown(cluster: FakeCluster, probing: Any) -> None:
    one = probing()
    with one.laid(phase):
        cluster.unlistable = {"ServiceAccount"}
    said = "whether it left objects behind is not known: ServiceAccount could not be listed again"
    assert one.breakdowns == [f"probe: {said}"]


def test_the_client_of_an_audit_will_not_do(probing: Any) -> None:
    with pytest.raises(Breakdown, match="a probe needs its own client"):
        probing(client=object()).refuse("apps")
