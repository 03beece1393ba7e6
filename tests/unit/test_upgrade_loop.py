"""The attack loop on a cluster that is no more than answers: what a refusal means, and what is left at the end."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.attacks import ARSENAL, KINDS

from conformance.errors import KubeError, WaitTimeout
from conformance.evidence import EvidenceFolder
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref
from conformance.kube.wait import consistently, eventually
from conformance.model import Manifest
from conformance.settings import Timeouts
from conformance.timeline import Fate
from conformance.upgrading import loop as module
from conformance.upgrading.board import Board
from conformance.upgrading.kinds import Arsenal
from conformance.upgrading.loop import AttackLoop

FOREIGN, ADMITTED = KINDS["foreign-source"], KINDS["disallowed-source"]
REFUSED = ApiError(403, "Forbidden", "ValidatingAdmissionPolicy 'sources' denied request: it is not allowed", "create")


class FakeClient:
    """Holds what was created; a plan says how a create is answered."""

    def __init__(self, answers: Mapping[str, Exception] | None = None) -> None:
        self.answers = dict(answers or {})
        self.live: dict[Ref, Manifest] = {}
        self.deleted: list[Ref] = []
        self.asked: dict[Ref, Mapping[str, str]] = {}
        self.stored: list[Manifest] = []
        self.lock = threading.Lock()

    def create(self, manifest: Manifest) -> Manifest:
        for part, error in self.answers.items():
            if part in manifest["metadata"]["name"]:
                raise error
        with self.lock:
            self.live[Ref.of(manifest)] = manifest
        return manifest

    def delete_if_exists(self, ref: Ref) -> None:
        with self.lock:
            self.deleted.append(ref)
            self.live.pop(ref, None)

    def objects(self, api_version: str, kind: str, *, namespace: str, labels: str) -> list[Manifest]:
        assert (api_version, kind, labels) == ("v1", "Secret", "owner=helm")
        return [one for one in self.stored if one["metadata"]["namespace"] == namespace]

    def find(self, ref: Ref) -> Manifest | None:
        return self.live.get(ref)

    def patch(self, ref: Ref, body: Mapping[str, Any]) -> None:
        if ref not in self.live:
            raise ApiError(404, "NotFound", "it is not there", "patch")
        self.asked[ref] = body["metadata"]["annotations"]

    def resource(self, ref: Ref) -> tuple[str, str]:
        return "", f"{ref.kind.lower()}s"

    def objects_at(self, api_version: str, kind: str, **where: str) -> tuple[list[Manifest], str]:
        del api_version, kind, where
        return [], "1"

    def watch(self, *_: str, **__: Any) -> Iterator[tuple[str, Manifest]]:
        return iter(())


def platform_of(client: FakeClient, audit: Any, reconciled: float) -> Any:
    return SimpleNamespace(
        client=client,
        cluster=SimpleNamespace(audit=audit),
        timeouts=Timeouts(reconciled=reconciled, hold_window=0.0),
        as_tenant=lambda namespace, check_id: client,
    )


def loop_of(client: FakeClient, tmp_path: Path, *names: str, audit: Any = None, reconciled: float = 30.0) -> AttackLoop:
    chosen = Arsenal(ARSENAL.setup, [KINDS[name] for name in names])
    return AttackLoop(platform_of(client, audit, reconciled), chosen, Board(EvidenceFolder(tmp_path, "evidence", str)))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RHYTHM_S", 0.01)
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)


def test_refusals_of_the_control_are_denials_and_each_attack_has_a_name_of_its_own(tmp_path: Path) -> None:
    loop = loop_of(FakeClient({"disallowed": REFUSED}), tmp_path, "disallowed-source")
    with loop.running():
        loop.await_denials(3, since=0.0)
    attacks = loop.board.records()
    assert {one.fate for one in attacks} == {Fate.DENIED}
    assert len({one.target for one in attacks}) == len(attacks) >= 3


@pytest.mark.parametrize(
    "error",
    [
        ApiError(403, "Forbidden", "exceeded quota", "create"),
        ApiError(503, "ServiceUnavailable", REFUSED.message, "create"),
        KubeError("the API server does not answer"),
    ],
)
def test_a_refusal_for_another_reason_is_neither_a_denial_nor_an_escape(tmp_path: Path, error: Exception) -> None:
    loop = loop_of(FakeClient({"disallowed": error}), tmp_path, "disallowed-source", reconciled=0.3)
    with pytest.raises(WaitTimeout, match="disallowed-source"), loop.running():
        loop.await_denials(1, since=0.0)
    assert {one.fate for one in loop.board.records()} == {Fate.PENDING}


def test_an_object_that_is_admitted_has_passed_at_once(tmp_path: Path) -> None:
    client = FakeClient()
    loop = loop_of(client, tmp_path, "disallowed-source")
    with loop.running():
        loop.await_denials(1, since=0.0)
    assert Fate.PASSED in {one.fate for one in loop.board.records()}
    assert client.live == {}


def test_what_no_controller_judges_stays_pending_and_is_removed(tmp_path: Path) -> None:
    client = FakeClient()
    loop = loop_of(client, tmp_path, "foreign-source", reconciled=0.3)
    with pytest.raises(WaitTimeout), loop.running():
        loop.await_denials(1, since=0.0)
    targets = {one.target for one in loop.board.attacks()}
    assert {one.fate for one in loop.board.attacks()} == {Fate.PENDING}
    assert targets <= set(client.deleted)
    assert {one.trace for one in loop.board.attacks()} <= set(client.deleted)
    assert client.live == {}


def test_the_helm_storage_of_attacks_is_removed_and_no_other(tmp_path: Path) -> None:
    def storage(release: str, namespace: str = "shared-b") -> Manifest:
        metadata = {"name": f"sh.helm.release.v1.{release}.v1", "namespace": namespace, "labels": {"name": release}}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}

    client = FakeClient({"disallowed": REFUSED})
    client.stored = [storage("shared-b-upgrade-disallowed-source-0001"), storage("podinfo"), storage("x", "apps")]
    loop = loop_of(client, tmp_path, "disallowed-source")
    with loop.running():
        loop.await_denials(1, since=0.0)
    assert [ref.name for ref in client.deleted if ref.kind == "Secret"] == [
        "sh.helm.release.v1.shared-b-upgrade-disallowed-source-0001.v1"
    ]


def test_a_write_that_only_the_audit_log_saw_is_an_escape(tmp_path: Path) -> None:
    written = SimpleNamespace(
        verb="patch",
        refused=False,
        dry_run=False,
        subresource="",
        agent="kustomize-controller/v1",
        user="system:serviceaccount:flux-system:kustomize-controller",
        group="",
        resource="configmaps",
        namespace="shared-a",
        name="f01-loot-upgrade-foreign-source-0001",
        at=datetime.now(UTC),
        as_record=lambda: {"verb": "patch"},
    )
    audit = SimpleNamespace(entries=lambda wanted, since: [one for one in [written] if wanted(one) and one.at > since])
    loop = loop_of(FakeClient(), tmp_path, "foreign-source", audit=audit)
    loop._since = datetime.fromtimestamp(0, UTC)
    attack = loop.board.enter(FOREIGN, "upgrade-foreign-source-0001")
    loop._search_audit_log()
    assert (attack.fate, attack.said) == (Fate.PASSED, f"{written.user} wrote {attack.trace}")


@pytest.mark.parametrize("change", [{"verb": "delete"}, {"refused": True}, {"dry_run": True}, {"name": "else"}])
def test_a_write_that_changed_nothing_of_an_attack_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    entry = {
        "verb": "patch",
        "refused": False,
        "dry_run": False,
        "subresource": "",
        "agent": "x",
        "group": "",
        "resource": "configmaps",
        "namespace": "shared-a",
        "name": "f01-loot-u-1",
    }
    one = SimpleNamespace(**{**entry, **change})
    audit = SimpleNamespace(entries=lambda wanted, since: [entry for entry in [one] if wanted(entry)])
    loop = loop_of(FakeClient(), tmp_path, "foreign-source", audit=audit)
    attack = loop.board.enter(FOREIGN, "u-1")
    loop._search_audit_log()
    assert attack.fate is Fate.PENDING


def test_what_nobody_has_judged_is_asked_for_again_and_nothing_else(tmp_path: Path) -> None:
    client = FakeClient()
    loop = loop_of(client, tmp_path, "foreign-source", reconciled=0.1)
    judged, open_one, never_made = (loop.board.enter(FOREIGN, f"u-{number}") for number in (1, 2, 3))
    for name in ("u-1", "u-2"):
        client.create(FOREIGN.manifest(name))
    loop.board.denied(judged, "denied", None)
    loop._ask_again()
    assert list(client.asked) == [open_one.target]
    assert list(client.asked[open_one.target]) == ["reconcile.fluxcd.io/requestedAt"]
    assert never_made.fate is Fate.PENDING


def test_a_kind_does_not_pile_up_attacks_that_nobody_judges(tmp_path: Path) -> None:
    loop = loop_of(FakeClient(), tmp_path, "foreign-source", reconciled=0.1)
    with loop.running():
        eventually(
            lambda: len(loop.board.attacks()), lambda made: made == module.OPEN, timeout_s=30, what="all are made"
        )
        assert consistently(lambda: len(loop.board.attacks()), lambda made: made == module.OPEN, for_s=0.3) is None
