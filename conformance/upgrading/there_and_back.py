"""The changes that a run asks for: to the other release, and back to the first one where that was asked for too."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.bootstrap.platform import Platform
from conformance.bootstrap.routes import upgrade_of
from conformance.errors import ConformanceError
from conformance.harvest import Harvest
from conformance.progress import PhaseClock
from conformance.timeline import UpgradeRecord
from conformance.upgrading import Change
from conformance.upgrading.checks import before_and_after, swept_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From one release to another; `flux` says where a release's CLI is."""

    source: str
    target: str
    back: bool
    """Whether the platform is taken back to the first release, once it was judged on the other."""
    flux: Callable[[str], Path]
    prepare: Callable[[], None]
    """Waits until the controllers of the other release are there."""
    clock: PhaseClock

    def go(self, made: Platform, harvest: Harvest) -> Iterator[UpgradeRecord]:
        """Judge, change, judge again and go back; what broke on the way there has no way back.

        Each way is told as soon as it is gone: what was seen on the first one stays, whatever becomes of the second.
        """
        there = before_and_after(harvest, lambda: self._there(made), self.clock.say)
        yield there
        if self.back and there.broke:
            self.clock.say(f"{made.environment}: no way back, since the platform did not come to Flux {self.target}")
        elif self.back:
            yield self._back(made, harvest, there)

    def _there(self, made: Platform) -> UpgradeRecord:
        self.prepare()
        upgrade = upgrade_of(made, self.target, self.flux)
        return self._timed(f"upgrade to {self.target}", Change(made, upgrade, self.source, self.target))

    def _back(self, made: Platform, harvest: Harvest, there: UpgradeRecord) -> UpgradeRecord:
        try:
            swept_again(harvest)
            change = Change(made, upgrade_of(made, self.source, self.flux), self.target, self.source, way_back=True)
            return self._timed(f"way back to {self.source}", change)
        except ConformanceError as error:
            return UpgradeRecord(
                environment=there.environment,
                route=there.route,
                source=self.target,
                target=self.source,
                way_back=True,
                began=time.time(),
                ended=None,
                attacks=(),
                marks=(),
                twins=(),
                controllers=(),
                broke=str(error),
            )

    def _timed(self, phase: str, change: Change) -> UpgradeRecord:
        with self.clock.phase(phase, str(change.platform.environment), change.progress):
            return change.run()
