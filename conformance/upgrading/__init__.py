"""A running platform is taken to another Flux release while tenants attack it, and judged before and after.

At no moment may a denied thing pass. What nobody judges while a controller restarts has neither passed nor been denied;
it has to be judged in the end.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from conformance.bootstrap import lockdown
from conformance.bootstrap.platform import Platform
from conformance.bootstrap.upgrade import Upgrade
from conformance.errors import ConformanceError
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import PART_OF_FLUX, Ref, pick
from conformance.providers.arguments import tag_of
from conformance.timeline import Act, Mark, Moved, Twin, UpgradeRecord
from conformance.upgrading.board import Board
from conformance.upgrading.kinds import TENANTS, Arsenal, arsenal
from conformance.upgrading.loop import AttackLoop, remove
from conformance.upgrading.twins import plant, prove
from conformance.upgrading.workloads import differing, inventory, listed_kinds, touched

__all__ = ["TENANTS", "Change"]

T = TypeVar("T")

DENIALS = 2
"""Of each kind, before the change begins and after it has ended."""


@dataclass(slots=True)
class Change:
    """One upgrade of one platform, under attack."""

    platform: Platform
    upgrade: Upgrade
    source: str
    target: str
    way_back: bool = False
    """Whether the target is the release that the platform began with."""
    _board: Board = field(init=False)
    _twins: list[Twin] = field(default_factory=list)
    _began: float | None = None
    _ended: float | None = None
    _broke: str = ""

    def __post_init__(self) -> None:
        folder = f"evidence/{self.platform.environment}/{'way-back' if self.way_back else 'upgrade'}"
        self._board = Board(EvidenceFolder(self.platform.report, folder, self.platform.redact))

    def run(self) -> UpgradeRecord:
        """Attack, upgrade, and attack on; return what was seen, also where something broke."""
        started = time.time()
        tags, controls = _tags(self.platform), lockdown.read_all(self.platform)
        kinds = listed_kinds(self.platform)
        tenants = inventory(self.platform, kinds)
        weapons = arsenal(self.platform)
        try:
            plant(self.platform, weapons)
            self._attacked(weapons)
        except ConformanceError as error:
            self._broke = str(error)
        self._clear(weapons)
        return UpgradeRecord(
            environment=str(self.platform.environment),
            route=self.upgrade.route,
            source=self.source,
            target=self.target,
            way_back=self.way_back,
            began=self._began or started,
            ended=self._ended,
            attacks=self._board.records(),
            marks=[mark for mark in _marks(self.platform) if mark.at >= started],
            twins=self._twins,
            controllers=self._seen(lambda: _moved(tags, _tags(self.platform), _marks(self.platform)), []),
            controls=self._seen(lambda: differing(controls, lockdown.read_all(self.platform)), {}),
            tenants=self._seen(lambda: touched(tenants, inventory(self.platform, kinds)), {}),
            tenant_objects=len(tenants),
            broke=self._broke,
        )

    def progress(self) -> str:
        """Return how many attacks there were so far, and what the oldest open one waits for."""
        waiting = self._board.pending()
        said = f", {len(waiting)} not judged yet ({waiting[0].target}: {waiting[0].said})" if waiting else ""
        return f"{len(self._board.attacks())} attacks{said}"

    def _attacked(self, weapons: Arsenal) -> None:
        self._twins += prove(self.platform, weapons, "before")
        loop = AttackLoop(self.platform, weapons, self._board)
        with loop.running():
            loop.await_denials(DENIALS, since=0.0)
            self._began = time.time()
            self.upgrade.begin()
            self.upgrade.wait()
            self._ended = time.time()
            loop.await_denials(DENIALS, since=self._ended)
        self._twins += prove(self.platform, weapons, "after")

    def _seen(self, read: Callable[[], T], nothing: T) -> T:
        """Return what is read afterwards; where it cannot be, the attacks still count."""
        try:
            return read()
        except ConformanceError as error:
            self._broke = self._broke or str(error)
            return nothing

    def _clear(self, weapons: Arsenal) -> None:
        try:
            remove(self.platform, [Ref.of(manifest) for manifest in weapons.setup])
        except ConformanceError as error:
            self._broke = self._broke or str(error)


def _tags(platform: Platform) -> dict[str, str]:
    """Return the image tag that each of Flux's Deployments names."""
    found = platform.client.objects("apps/v1", "Deployment", namespace=platform.flux_namespace, labels=PART_OF_FLUX)
    return {one["metadata"]["name"]: tag_of(pick(one, "spec", "template")) for one in found}


def _marks(platform: Platform) -> Sequence[Mark]:
    return platform.cluster.host.history() if platform.cluster.host else ()


def _moved(before: Mapping[str, str], after: Mapping[str, str], marks: Sequence[Mark]) -> list[Moved]:
    running = {mark.controller: mark.version for mark in marks if mark.act is Act.STARTS}
    return [
        Moved(
            controller=name,
            before=before.get(name, ""),
            after=after.get(name, ""),
            runs=running.get(name, after.get(name, "")),
        )
        for name in sorted({*before, *after})
    ]
