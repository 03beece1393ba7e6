"""The Lease that keeps two probes apart."""

import datetime as dt
from typing import Any

import pytest
from support.probed import FakeCluster

from conformance.errors import Breakdown, InputError
from conformance.kube.objects import pick
from conformance.kube.wait import eventually
from conformance.providers import probe_lease
from conformance.providers.probe_lease import LASTS_S, REF, ProbeLease


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_lease, "RENEWED_S", 0.01)


def holder(cluster: FakeCluster) -> Any:
    return pick(cluster.find(REF), "spec", "holderIdentity")


def taken(cluster: FakeCluster, *, ago_s: float) -> None:
    at = cluster.now - dt.timedelta(seconds=ago_s)
    renewed = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": "other on host", "leaseDurationSeconds": LASTS_S, "renewTime": renewed}
    cluster.add(
        REF.api_version, REF.kind, REF.name, REF.namespace, spec={**spec, "acquireTime": "2026-01-01T00:00:00Z"}
    )


def test_it_is_held_over_the_block_and_gone_afterwards(cluster: FakeCluster) -> None:
    with ProbeLease(cluster.maker(), "me on host").held():
        assert holder(cluster) == "me on host"
        assert pick(cluster.find(REF), "spec", "leaseDurationSeconds") == LASTS_S
    assert cluster.there == {}


def test_it_is_gone_after_an_error_too(cluster: FakeCluster) -> None:
    with pytest.raises(ZeroDivisionError), ProbeLease(cluster.maker(), "me").held():
        raise ZeroDivisionError
    assert cluster.there == {}


@pytest.mark.usefixtures("at_once")
def test_it_is_renewed_while_the_run_lives(cluster: FakeCluster) -> None:
    with ProbeLease(cluster.maker(), "me").held():
        first = pick(cluster.get(REF), "spec", "renewTime")
        eventually(
            lambda: pick(cluster.get(REF), "spec", "renewTime"), lambda at: at > first, timeout_s=5, what="a renewal"
        )
        assert cluster.ground.why_not == "no throw-away namespace is made yet"


@pytest.mark.usefixtures("at_once")
def test_one_who_lost_it_makes_nothing_more_and_leaves_it_to_the_other(cluster: FakeCluster) -> None:
    cluster.ground.open(frozenset({"shared-a"}))
    with ProbeLease(cluster.maker(), "me").held():
        taken(cluster, ago_s=0)
        eventually(lambda: cluster.ground.why_not, bool, timeout_s=5, what="the ground is closed")
        assert "is now held by other on host" in cluster.ground.why_not
    assert holder(cluster) == "other on host"


@pytest.mark.usefixtures("at_once")
def test_one_who_cannot_renew_it_makes_nothing_more_when_it_has_lapsed(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.ground.open(frozenset({"shared-a"}))
    monkeypatch.setattr(probe_lease, "LASTS_S", 0)
    with ProbeLease(cluster.maker(), "me").held():
        cluster.forbidden.add(("patch", REF))
        eventually(lambda: cluster.ground.why_not, bool, timeout_s=5, what="the ground is closed")
    assert "could not be renewed" in cluster.ground.why_not


def test_a_probe_that_lives_is_named_and_nothing_is_changed(cluster: FakeCluster) -> None:
    taken(cluster, ago_s=LASTS_S - 5)
    before = cluster.find(REF)
    with pytest.raises(InputError, match=r"other on host holds default/Lease/.* since 2026-01-01T00:00:00Z"):
        ProbeLease(cluster.maker(), "me").refuse_taken()
    assert cluster.find(REF) == before
    with pytest.raises(Breakdown, match="other on host"), ProbeLease(cluster.maker(), "me").held():
        pytest.fail("it was held")
    assert cluster.find(REF) == before


def test_the_api_servers_clock_decides_and_not_this_machines(cluster: FakeCluster) -> None:
    cluster.now += dt.timedelta(hours=3)
    taken(cluster, ago_s=LASTS_S - 5)
    with pytest.raises(InputError, match="another probe runs"):
        ProbeLease(cluster.maker(), "me").refuse_taken()
    taken(cluster, ago_s=LASTS_S + 5)
    ProbeLease(cluster.maker(), "me").refuse_taken()


def test_one_that_has_lapsed_is_taken_over(cluster: FakeCluster) -> None:
    taken(cluster, ago_s=LASTS_S + 5)
    with ProbeLease(cluster.maker(), "me").held():
        assert holder(cluster) == "me"
    assert cluster.there == {}


def test_of_two_that_take_it_over_one_is_told_so(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(cluster, ago_s=LASTS_S + 5)
    stale = cluster.get(REF)
    taken(cluster, ago_s=LASTS_S + 4)  # somebody else wrote it after this one had read it
    monkeypatch.setattr(cluster, "find", lambda _: stale)
    with pytest.raises(Breakdown, match="taken by another probe at the same moment"):
        ProbeLease(cluster.maker(), "me")._acquire()
    assert cluster.there[REF]["spec"]["holderIdentity"] == "other on host"


def test_one_that_another_takes_over_while_it_is_released_is_left_to_that_one(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ProbeLease(cluster.maker(), "me")
    mine._acquire()
    read = cluster.get(REF)
    looks = iter([read])
    taken(cluster, ago_s=0)  # after the look at it, and before its deletion
    monkeypatch.setattr(cluster, "find", lambda ref: next(looks, None) or cluster.get(ref))
    mine._release()
    assert cluster.there[REF]["spec"]["holderIdentity"] == "other on host"


def test_one_that_somebody_writes_while_it_is_released_goes_all_the_same(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ProbeLease(cluster.maker(), "me")
    mine._acquire()
    looks = iter([cluster.get(REF)])
    cluster.patch(REF, {"metadata": {"labels": {"seen": "yes"}}})
    monkeypatch.setattr(cluster, "find", lambda ref: next(looks, None) or cluster.get(ref))
    mine._release()
    assert REF not in cluster.there


def test_of_two_that_make_it_one_is_told_so(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(cluster, ago_s=0)
    monkeypatch.setattr(cluster, "find", lambda _: None)
    with pytest.raises(Breakdown, match="taken by another probe at the same moment"):
        ProbeLease(cluster.maker(), "me")._acquire()


def test_whatever_else_the_server_says_is_passed_on(cluster: FakeCluster) -> None:
    cluster.forbidden.add(("create", REF))
    with pytest.raises(Breakdown, match="is guarded"), ProbeLease(cluster.maker(), "me").held():
        pytest.fail("it was held")
