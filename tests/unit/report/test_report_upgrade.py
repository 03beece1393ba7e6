"""An upgrade in the report: what passed is a finding, what nobody judged a doubt, and the timeline shows both."""

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from conformance.model import Run, Verdict
from conformance.report import upgrades
from conformance.report.build import build_report
from conformance.report.document import from_yaml, to_yaml
from conformance.report.junit import junit_xml
from conformance.report.render import render_html
from conformance.report.terminal import summary
from conformance.timeline import Act, Attack, Fate, Mark, Moved, Twin, UpgradeRecord

BEGAN = 1000.0
OBJECTS = "objects of tenants"


def attack(at: float = 1.0, fate: Fate = Fate.DENIED, kind: str = "foreign-source", **fields: Any) -> Attack:
    known: dict[str, Any] = {
        "target": f"shared-a/Kustomization/upgrade-{kind}-{at:+.0f}",
        "judged_at": None if fate is Fate.PENDING else BEGAN + at + 0.5,
        "said": "Ready=False  reason=AccessDenied",
    }
    return Attack(kind=kind, at=BEGAN + at, fate=fate, **{**known, **fields})


def record(*attacks: Attack, **fields: Any) -> UpgradeRecord:
    known: dict[str, Any] = {
        "environment": "staging",
        "route": "a commit",
        "source": "2.9.2",
        "target": "2.9.5",
        "began": BEGAN,
        "ended": BEGAN + 20.0,
        "marks": (Mark(at=BEGAN + 3.0, controller="kustomize-controller", act=Act.STARTS, version="v1.9.5"),),
        "twins": tuple(Twin(kind="foreign-source", when=w, works=True, said="Ready") for w in ("before", "after")),
        "controllers": (
            Moved(controller="kustomize-controller", before="v1.9.3", after="v1.9.5", runs="v1.9.5"),
            Moved(controller="notification-controller", before="v1.9.2", after="v1.9.4", runs="v1.9.2"),
        ),
        "tenants": {"apps/ConfigMap/new": ("absent", "1")},
        "tenant_objects": 31,
        "before": {"F01": "passed", "J10": "failed"},
        "after": {"F01": "passed", "J10": "passed"},
    }
    return UpgradeRecord(attacks=attacks or (attack(-2.0), attack(), attack(25.0)), **{**known, **fields})


@pytest.fixture
def upgraded(full_run: Run) -> Callable[..., Run]:
    def make(*attacks: Attack, **fields: Any) -> Run:
        return dataclasses.replace(full_run, upgrades=(record(*attacks, **fields),))

    return make


def test_denials_throughout_are_neither_a_failure_nor_a_doubt() -> None:
    assert list(upgrades.failures(record())) == []
    assert list(upgrades.doubts(record())) == []


def test_one_attack_that_passed_is_a_failure_with_its_moment(make_run: Callable[..., Run]) -> None:
    seen = record(attack(1.0), attack(4.0, Fate.PASSED, said="shared-a/ConfigMap/loot exists"))
    (reason,) = upgrades.failures(seen)
    assert reason == (
        "the upgrade to 2.9.5 in staging: 1 of 2 attacks 'foreign-source' passed, the first at +4.5 s: "
        "shared-a/ConfigMap/loot exists"
    )
    assert build_report(make_run(upgrades=(seen,))).verdict is Verdict.NON_CONFORMANT


@pytest.mark.parametrize(
    ("attacks", "fields", "words"),
    [
        ((attack(1.0), attack(2.0, Fate.PENDING, said="no status")), {}, "1 of 2 attacks 'foreign-source' were not"),
        ((attack(-2.0), attack(25.0)), {}, "no attack 'foreign-source' was made during it"),
        ((), {"broke": "it did not become Ready", "ended": None}, "was not completed: it did not become Ready"),
        ((), {"twins": (Twin(kind="x", when="after", works=False, said="refused"),)}, "'x' did not work after it"),
    ],
)
def test_what_was_not_seen_throughout_makes_the_verdict_inconclusive(
    make_run: Callable[..., Run], attacks: tuple[Attack, ...], fields: dict[str, Any], words: str
) -> None:
    seen = record(*attacks, **fields)
    assert any(words in doubt for doubt in upgrades.doubts(seen))
    report = build_report(make_run(upgrades=(seen,)))
    assert report.verdict is Verdict.INCONCLUSIVE


def test_times_are_those_since_the_release_was_asked_for() -> None:
    block = upgrades.row(record(attack(-2.0), attack(3.0), attack(5.0, judged_at=BEGAN + 9.0)))
    assert [one.at for one in block.attacks] == [-2.0, 3.0, 5.0]
    assert (block.seconds, block.marks[0].at) == (20.0, 3.0)
    assert [(one.kind, one.attacks, one.denied, one.longest) for one in block.kinds] == [("foreign-source", 3, 3, 4.0)]


def test_what_changed_is_told_and_what_did_not_is_not() -> None:
    told = dict(upgrades.changes(upgrades.row(record())))
    assert told["checks"] == "J10: failed before, passed after"
    assert told["moved"] == (
        "kustomize-controller v1.9.3 to v1.9.5, notification-controller v1.9.2 to v1.9.4 (ran as v1.9.2)"
    )
    assert "controls" not in told
    assert (
        told["tenants"] == "1 of 31 objects of the fleet's tenants changed: apps/ConfigMap/new: absent before, 1 after"
    )
    untouched = dict(upgrades.changes(upgrades.row(record(tenants={}))))
    assert untouched["tenants"] == "all 31 objects of the fleet's tenants are untouched"
    assert told["attacks"] == "3 of 1 kinds: 3 denied, 0 pending, 0 passed"


TOUCHED = {
    "apps/Pod/podinfo": ("1 generation 1", "absent"),
    "apps/Secret/key": ("2 generation 1", "2 generation 1, other in data.key"),
    "apps/ConfigMap/new": ("absent", "3 generation 1"),
}


@pytest.mark.parametrize("back", [False, True])
def test_tenants_objects_that_were_touched_are_a_failure(make_run: Callable[..., Run], back: bool) -> None:
    seen = record(tenants=TOUCHED, way_back=back)
    (reason,) = upgrades.failures(seen)
    assert reason == (
        f"the {'way back' if back else 'upgrade'} to 2.9.5 in staging: 2 of 31 objects of the fleet's tenants were "
        "touched, the first apps/Pod/podinfo: 1 generation 1 before, absent after"
    )
    report = build_report(make_run(upgrades=(seen,)))
    assert report.verdict is Verdict.NON_CONFORMANT
    (case,) = [one for one in ET.fromstring(junit_xml(report)).iter("testcase") if one.get("name") == OBJECTS]
    failure = case.find("failure")
    assert failure is not None
    assert "other in data.key" in (failure.text or "")
    assert "ConfigMap" not in (failure.text or "")


def test_no_objects_to_look_at_is_a_doubt(make_run: Callable[..., Run]) -> None:
    seen = record(tenants={}, tenant_objects=0)
    assert list(upgrades.doubts(seen)) == [
        "the upgrade to 2.9.5 in staging: no object of the fleet's tenants was looked at"
    ]
    report = build_report(make_run(upgrades=(seen,)))
    assert report.verdict is Verdict.INCONCLUSIVE
    (case,) = [one for one in ET.fromstring(junit_xml(report)).iter("testcase") if one.get("name") == OBJECTS]
    assert case.find("error") is not None


def test_a_way_back_is_told_and_judged_as_one(make_run: Callable[..., Run]) -> None:
    passed = attack(1.0, Fate.PASSED, said="shared-a/ConfigMap/loot exists")
    back = record(passed, source="2.9.5", target="2.9.2", way_back=True)
    (reason,) = upgrades.failures(back)
    assert reason.startswith("the way back to 2.9.2 in staging: 1 of 1 attacks 'foreign-source' passed")
    report = build_report(make_run(upgrades=(record(), back)))
    assert report.verdict is Verdict.NON_CONFORMANT
    assert [one.way_back for one in from_yaml(to_yaml(report)).upgrades] == [False, True]
    said = summary(report)
    assert "upgrade   staging: Flux 2.9.2 to 2.9.5 in 20.0 s" in said
    assert "way back  staging: Flux 2.9.5 back to 2.9.2 in 20.0 s" in said
    assert "staging: Flux 2.9.5 back to 2.9.2" in render_html(report)
    suites = [suite.get("name") for suite in ET.fromstring(junit_xml(report)).iter("testsuite")]
    assert suites[-2:] == ["upgrade of staging", "way back of staging"]


def test_a_stand_in_makes_the_verdict_provisional(make_run: Callable[..., Run]) -> None:
    said = "notification-controller v1.9.4 could not be had: v1.9.2 ran in its place"
    report = build_report(make_run(stand_ins=(said,)))
    assert report.judgement.provisional
    assert said in report.judgement.provisional_reasons


def test_the_report_is_read_back_as_it_was_written(upgraded: Callable[..., Run]) -> None:
    report = build_report(upgraded())
    assert report.upgrades
    assert from_yaml(to_yaml(report)) == report


def test_every_form_shows_the_upgrade(upgraded: Callable[..., Run]) -> None:
    report = build_report(upgraded(attack(1.0), attack(4.0, Fate.PASSED, said="<loot> exists")))
    page = render_html(report)
    assert "Upgrade under attack" in page
    assert 'class="span passed"' in page
    assert 'class="span failed"' in page
    assert "kustomize-controller v1.9.5 starts" in page
    assert "&lt;loot&gt; exists" in page
    assert "<loot>" not in page
    assert "staging: Flux 2.9.2 to 2.9.5 in 20.0 s, by a commit" in summary(report)


def test_an_upgrade_without_attacks_has_no_picture_and_breaks_no_page(upgraded: Callable[..., Run]) -> None:
    report = build_report(upgraded(broke="refused", ended=None))
    empty = report.model_copy(update={"upgrades": (report.upgrades[0].model_copy(update={"attacks": ()}),)})
    assert "was not completed:" in render_html(empty)


@pytest.mark.parametrize(("fate", "tag"), [(Fate.DENIED, None), (Fate.PENDING, "error"), (Fate.PASSED, "failure")])
def test_a_kind_of_attack_is_a_case_of_its_own(upgraded: Callable[..., Run], fate: Fate, tag: str | None) -> None:
    root = ET.fromstring(junit_xml(build_report(upgraded(attack(1.0, fate)))))
    (case, tenants) = [one for one in root.iter("testcase") if one.get("classname") == "upgrade.staging"]
    assert (tenants.get("name"), list(tenants)) == (OBJECTS, [])
    assert case.get("name") == "foreign-source"
    assert [child.tag for child in case] == ([tag] if tag else [])
