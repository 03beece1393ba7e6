"""An upgrade by a commit that loses a part of the lockdown: the mistake that attacks during an upgrade are there for.

The controllers' processes are those of the first release, whatever tag their Deployments name: what is told here is the
arguments that the commit leaves them with.
"""

from dataclasses import dataclass

import pytest
import yaml
from support.upgrades import KINDS, SOURCE, TARGET, fates

from conformance.bootstrap.platform import Platform
from conformance.bootstrap.upgrade_cli import CliUpgrade
from conformance.bootstrap.upgrade_commit import fetch_at_once, fleet_clone
from conformance.report import upgrades
from conformance.timeline import Fate, UpgradeRecord
from conformance.toolchain import Toolchain
from conformance.upgrading import Change

REFS = "--no-cross-namespace-refs"
LOST = {"foreign-source", "foreign-chart"}
"""What this flag alone denies."""

READ_FROM_IT = {"no-cross-namespace-refs", "rolled-out", "routes-alike"}
"""The controls whose live state is, or contains, this flag."""


@dataclass(slots=True)
class Careless(CliUpgrade):
    """The components of the other release, and with them a kustomization.yaml that lacks a patch."""

    def begin(self) -> None:
        CliUpgrade.begin(self)
        clone = fleet_clone(self.platform)
        path = f"{self.platform.fleet.entry(self.platform.environment)}/flux-system/kustomization.yaml"
        document = yaml.safe_load((clone.folder / path).read_text())
        kept = [one for one in document["patches"] if REFS not in one["patch"]]
        assert len(kept) == len(document["patches"]) - 1
        clone.write(path, yaml.safe_dump({**document, "patches": kept}))
        self._commit = clone.commit("Tidy up")
        fetch_at_once(self.platform)


@pytest.fixture(scope="module")
def record(platform: Platform, target: Toolchain) -> UpgradeRecord:
    return Change(platform, Careless(platform, TARGET, target.path("flux")), SOURCE, TARGET).run()


def test_what_the_lost_flag_denied_passes_and_nothing_else_does(record: UpgradeRecord) -> None:
    assert record.broke == ""
    assert {kind for kind in KINDS if Fate.PASSED in fates(record, kind)} == LOST
    assert all(fates(record, kind) == {Fate.DENIED} for kind in KINDS - LOST)
    assert {text.split("'")[1] for text in upgrades.failures(record)} == LOST


def test_no_attack_passed_before_the_commit(record: UpgradeRecord) -> None:
    passed = [one.judged_at or 0.0 for one in record.attacks if one.fate is Fate.PASSED]
    assert min(passed) > record.began


def test_the_control_that_is_lost_is_named(record: UpgradeRecord) -> None:
    assert set(record.controls) == READ_FROM_IT
    before, after = record.controls["no-cross-namespace-refs"]
    assert "helm-controller: absent" not in before
    assert "helm-controller: absent" in after
    assert "kustomize-controller: absent" in after
