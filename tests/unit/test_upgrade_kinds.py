"""The kinds of attack: each has an allowed twin, a denial with words of its own, and objects of its own."""

import re
from typing import Any

import pytest
from support.attacks import ARSENAL

from conformance import settings
from conformance.kube.objects import flatten
from conformance.upgrading.kinds import TENANTS, Kind

IDS = [kind.name for kind in ARSENAL.kinds]


def each(test: Any) -> Any:
    return pytest.mark.parametrize("kind", ARSENAL.kinds, ids=IDS)(test)


def test_there_are_attacks_on_three_controllers_on_admission_and_on_rights() -> None:
    assert len(set(IDS)) == len(IDS)
    judges = {(kind.attack["kind"], kind.answered) for kind in ARSENAL.kinds}
    assert judges >= {("Kustomization", False), ("HelmRelease", False), ("GitRepository", True), ("ConfigMap", True)}


@each
def test_a_twin_differs_from_its_attack_in_what_it_says_and_in_nothing_else(kind: Kind) -> None:
    attack, twin = dict(flatten(kind.manifest("u-1"))), dict(flatten(kind.allowed("u-1")))
    differing = {path for path in {*attack, *twin} if attack.get(path) != twin.get(path)}
    assert differing
    assert all(any(path == said or path.startswith(f"{said}.") for said in kind.twin) for path in differing)


@each
def test_each_attack_has_its_own_objects(kind: Kind) -> None:
    assert kind.manifest("u-1")["metadata"]["name"] != kind.manifest("u-2")["metadata"]["name"]
    assert kind.trace("u-1") != kind.trace("u-2")
    assert len(kind.manifest("upgrade-foreign-release-0001")["metadata"]["name"]) <= 53 - len("shared-b-")


@each
def test_a_denial_is_known_by_one_judge_and_by_words(kind: Kind) -> None:
    assert bool(kind.reason) != bool(kind.status)
    assert all(kind.says)


@each
def test_nothing_stays_unfilled_but_the_name(kind: Kind) -> None:
    text = repr([kind.manifest("u-1"), kind.allowed("u-1"), kind.says, kind.trace("u-1")])
    assert re.findall(r"\$\{?\w+", text) == []
    assert {kind.submitter(kind.manifest("u-1")), kind.trace("u-1").namespace} <= set(TENANTS)


@each
def test_what_is_built_lies_in_the_tenants_repository(kind: Kind) -> None:
    paths = [
        one["spec"]["path"] for one in (kind.manifest("u-1"), kind.allowed("u-1")) if "path" in one.get("spec", {})
    ]
    attacks = settings.data_dir("fixtures")
    assert [path for path in paths if not (attacks / path).is_dir()] == []
