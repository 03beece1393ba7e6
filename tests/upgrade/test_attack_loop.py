"""The attack loop itself: what it says of a platform whose lockdown is away for a moment, and what it leaves behind.

The changes are made by hand on a platform of the Flux CLI. test_upgrade.py has the upgrade that a platform team
makes, during which nothing passes.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest
from support.upgrades import KINDS, fates

from conformance.bootstrap.changes import arguments
from conformance.bootstrap.changes_tenants import platform_suspended
from conformance.bootstrap.platform import Platform
from conformance.kube.wait import pause
from conformance.report import upgrades
from conformance.timeline import Act, Fate
from conformance.upgrading import TENANTS, Change

KUSTOMIZE, HELM = "kustomize-controller", "helm-controller"
REFS, ACCOUNT, BASES = "--no-cross-namespace-refs", "--default-service-account", "--no-remote-bases"
OPEN_S = 5.0


@dataclass
class Unlocked:
    """A change that lets a part of the lockdown go for a moment. Implements `Upgrade`."""

    platform: Platform
    drops: Sequence[tuple[str, str]]
    route: str = "hand"
    opened: list[AbstractContextManager[None]] = field(default_factory=list)

    def begin(self) -> None:
        # kustomize-controller reconciles the fleet when it starts, and would put the lockdown back at once.
        self.opened.append(platform_suspended(self.platform))
        self.opened[-1].__enter__()
        for controller, flag in self.drops:
            self.opened.append(arguments(self.platform, controller, drop=flag))
            self.opened[-1].__enter__()

    def wait(self) -> None:
        pause(OPEN_S)
        for one in reversed(self.opened):
            one.__exit__(None, None, None)


@pytest.mark.parametrize(
    "drops",
    [
        {(KUSTOMIZE, REFS): "foreign-source", (HELM, ACCOUNT): "foreign-release"},
        {(KUSTOMIZE, ACCOUNT): "foreign-namespace", (KUSTOMIZE, BASES): "remote-base", (HELM, REFS): "foreign-chart"},
    ],
    ids=["refs-and-account", "account-bases-and-refs"],
)
def test_a_lockdown_that_is_away_for_a_moment_is_caught(platform: Platform, drops: dict[tuple[str, str], str]) -> None:
    record = Change(platform, Unlocked(platform, list(drops)), "2.9.2", "2.9.2").run()
    assert record.broke == ""
    assert {one.kind for one in record.attacks} == {one.kind for one in record.twins} == KINDS
    assert {one.kind for one in record.attacks if one.fate is Fate.PASSED} == set(drops.values())
    assert all(fates(record, kind) == {Fate.DENIED} for kind in KINDS - set(drops.values()))
    assert {text.split("'")[1] for text in upgrades.failures(record)} == set(drops.values())
    assert all(one.evidence for one in record.attacks if one.fate is Fate.PASSED)
    restarted = {mark.controller for mark in record.marks if mark.act is Act.SERVES}
    assert restarted == {controller for controller, _ in drops}


def test_nothing_is_left_of_the_attacks(platform: Platform) -> None:
    left = [
        f"{namespace}/{kind}/{one['metadata']['name']}"
        for api_version, kind in (
            ("v1", "ConfigMap"),
            ("v1", "Secret"),
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
            ("source.toolkit.fluxcd.io/v1", "HelmChart"),
            ("source.toolkit.fluxcd.io/v1", "HelmRepository"),
            ("source.toolkit.fluxcd.io/v1", "GitRepository"),
        )
        for namespace in TENANTS
        for one in platform.client.objects(api_version, kind, namespace=namespace)
    ]
    assert [name for name in left if "upgrade" in name] == []
