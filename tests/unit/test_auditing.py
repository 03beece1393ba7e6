"""What the audit log adds to a denial, and when it contradicts one."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.auditing import Auditing
from conformance.errors import Breakdown, Finding
from conformance.kube.audit import AuditEntry
from conformance.kube.client import FIELD_MANAGER
from conformance.kube.objects import ref_to
from conformance.model import Plane

TENANT = "system:serviceaccount:apps:flux"
CONFIG_MAP = ref_to("ConfigMap/loot", "ops")
FORBIDDEN = (
    'ConfigMap/ops/loot dry-run failed (Forbidden): configmaps "loot" is forbidden: '
    f'User "{TENANT}" cannot patch resource "configmaps" in API group "" in the namespace "ops"'
)
DENIED = (
    'GitRepository/apps/evil dry-run failed (Forbidden): gitrepositories.source.toolkit.fluxcd.io "evil" is forbidden: '
    "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no"
)


def entry(**fields: Any) -> AuditEntry:
    plain = {
        "id": "1",
        "at": datetime.now(UTC),
        "user": TENANT,
        "agent": "kustomize-controller/v1",
        "verb": "patch",
        "group": "",
        "resource": "configmaps",
        "subresource": "",
        "namespace": "ops",
        "name": "loot",
        "code": 403,
        "dry_run": True,
        "annotations": {},
    }
    return AuditEntry(**(plain | fields))


class Log:
    def __init__(self, *known: AuditEntry) -> None:
        self.known = known

    def entries(self, wanted: Any, *, since: datetime) -> list[AuditEntry]:
        return [one for one in self.known if one.at >= since and wanted(one)]

    def find(self, wanted: Any, *, since: datetime, timeout_s: float) -> AuditEntry | None:
        assert timeout_s > 0
        return next(iter(self.entries(wanted, since=since)), None)


class Scenario(Auditing):
    def __init__(self, log: Log | None) -> None:
        client = SimpleNamespace(resource=lambda _: ("", "configmaps"))
        self.platform: Any = SimpleNamespace(cluster=SimpleNamespace(audit=log), client=client)
        self.planted_at = datetime(2026, 1, 1, tzinfo=UTC)
        self.kinds: list[str] = []
        self.evidence: Any = SimpleNamespace(record=lambda kind, *_: self.kinds.append(kind))
        self.planes = {}


def test_a_forbidden_of_a_controller_is_found_by_the_user_verb_resource_and_namespace_that_it_names() -> None:
    one = Scenario(Log(entry(user="somebody else"), entry()))
    one.audited_condition(FORBIDDEN, TENANT)
    assert list(one.planes) == [Plane.AUDIT]
    assert one.kinds == ["audit"]


@pytest.mark.parametrize("other", [{"code": 200}, {"verb": "get"}, {"namespace": "apps"}, {"resource": "secrets"}])
def test_a_request_that_differs_in_anything_is_another_one(other: dict[str, Any]) -> None:
    one = Scenario(Log(entry(**other)))
    one.audited_condition(FORBIDDEN, TENANT)
    assert one.planes == {}


def test_a_denial_by_policy_is_found_by_the_object() -> None:
    right = entry(group="source.toolkit.fluxcd.io", resource="gitrepositories", name="evil", namespace="apps")
    one = Scenario(Log(right))
    one.audited_condition(DENIED, TENANT)
    assert list(one.planes) == [Plane.AUDIT]


def test_a_condition_that_tells_of_no_request_adds_nothing() -> None:
    one = Scenario(Log(entry()))
    one.audited_condition("cross-namespace references have been blocked", TENANT)
    assert one.planes == {}


def test_an_answer_is_found_by_its_audit_id_and_may_not_be_contradicted() -> None:
    one = Scenario(Log(entry(id="a"), entry(id="b", code=201)))
    one.audited_answer("a", TENANT, 403)
    assert list(one.planes) == [Plane.AUDIT]
    with pytest.raises(Breakdown, match="two planes disagree"):
        one.audited_answer("b", TENANT, 403)
    with pytest.raises(Breakdown, match="two planes disagree"):
        one.audited_answer("a", "system:serviceaccount:ops:flux", 403)


def test_harm_that_came_and_went_is_a_finding() -> None:
    one = Scenario(Log(entry(code=201, dry_run=False)))
    with pytest.raises(Finding, match=r"system:serviceaccount:apps:flux wrote ops/ConfigMap/loot, which is gone again"):
        one.audited_absence(CONFIG_MAP)


@pytest.mark.parametrize(
    "harmless",
    [{}, {"code": 201}, {"code": 200, "dry_run": False, "agent": FIELD_MANAGER}, {"verb": "delete", "code": 200}],
    ids=["refused", "dry run", "by the suite", "deleted"],
)
def test_what_wrote_nothing_is_no_harm(harmless: dict[str, Any]) -> None:
    one = Scenario(Log(entry(**harmless)))
    one.audited_absence(CONFIG_MAP)
    assert list(one.planes) == [Plane.AUDIT]


def test_a_log_that_says_nothing_at_all_says_nothing_of_an_absence() -> None:
    for log in (Log(), Log(entry(at=datetime(2025, 12, 31, tzinfo=UTC)))):
        one = Scenario(log)
        one.audited_absence(CONFIG_MAP)
        assert (one.planes, one.kinds) == ({}, [])


def test_a_provider_without_an_audit_log_loses_the_plane_and_no_more() -> None:
    one = Scenario(None)
    one.audited_condition(FORBIDDEN, TENANT)
    one.audited_answer("a", TENANT, 403)
    one.audited_absence(CONFIG_MAP)
    assert one.planes == {}
