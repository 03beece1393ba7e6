"""What happened while a platform was changed under its tenants: attacks, controllers and what became of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ABSENT = "absent"
"""State of what is not there."""


class Fate(StrEnum):
    """What became of one attack."""

    DENIED = "denied"
    """Refused with the reason of its control, and its effect was never there."""
    PENDING = "pending"
    """Nobody judged it, or it was refused for another reason: neither a denial nor an escape."""
    PASSED = "passed"
    """It had its effect: isolation did not hold at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack, on objects that no other attack names."""

    kind: str
    target: str
    """The object that was asked for, such as `shared-a/Kustomization/u-foreign-source-0012`."""
    at: float
    """When it was submitted: seconds since the epoch, as all times here."""
    judged_at: float | None
    """When its fate was first known; None: never."""
    fate: Fate
    said: str
    """The words of the denial, or of what was seen instead."""
    evidence: str = ""
    """File of the report's folder; of every attack that was not denied, and of the first of each kind that was."""


class Act(StrEnum):
    """What a controller did."""

    ENDS = "ends"
    STARTS = "starts"
    SERVES = "serves"
    DIES = "dies"
    """Without being asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened to a controller, and the version that it happened to."""

    at: float
    controller: str
    act: Act
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The allowed path beside one kind of attack, before or after the change."""

    kind: str
    when: str
    works: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A controller before and after the change."""

    controller: str
    before: str
    """Tag of the image that its Deployment named."""
    after: str
    runs: str
    """The version that really runs afterwards; another than `after` where that one could not be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRecord:
    """One upgrade of a running platform."""

    environment: str
    route: str
    source: str
    """The Flux release that it came from, such as 2.9.2."""
    target: str
    way_back: bool = field(default=False)
    """Whether it went back to the release that the platform began with."""
    began: float
    """When the new release was asked for."""
    ended: float | None
    """When the platform ran it; None: it never did."""
    attacks: Sequence[Attack]
    marks: Sequence[Mark]
    twins: Sequence[Twin]
    controllers: Sequence[Moved]
    before: Mapping[str, str] = field(default_factory=dict)
    """Key of a check -> its outcome before the change."""
    after: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Control -> its live state before and after, of those whose state is another one."""
    tenants: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Object of the fleet's own tenants -> state before and after, of those that are not the same."""
    tenant_objects: int = 0
    """How many there were before."""
    broke: str = ""
    """What kept the upgrade, or its attacks, from being completed; empty: nothing."""
