"""The blocks of the report document that tell of an upgrade; times are seconds since it was asked for."""

from pydantic import Field

from conformance.report.base import Document
from conformance.timeline import Act, Fate


class AttackRow(Document):
    """One attack."""

    kind: str
    target: str
    at: float = Field(description="when it was submitted; below 0: before the upgrade was asked for")
    judged: float | None = Field(description="when its fate was first known; null: never")
    fate: Fate
    said: str
    evidence: str = ""


class MarkRow(Document):
    """Something that happened to a controller."""

    at: float
    controller: str
    act: Act
    version: str


class TwinRow(Document):
    """The allowed path beside one kind of attack."""

    kind: str
    when: str = Field(description="before or after the upgrade")
    works: bool
    said: str


class MovedRow(Document):
    """A controller before and after."""

    controller: str
    before: str = Field(description="tag of its image")
    after: str
    runs: str = Field(description="the version that really ran afterwards")


class KindRow(Document):
    """All attacks of one kind."""

    kind: str
    attacks: int
    denied: int
    pending: int = Field(description="judged by nobody, or refused for another reason")
    passed: int
    longest: float = Field(description="seconds until the slowest denial")


class ChangedRow(Document):
    """Something that is not the same after the upgrade."""

    name: str
    before: str
    after: str


class UpgradeRow(Document):
    """One upgrade of a running platform, with the attacks on it."""

    environment: str
    route: str
    source: str = Field(description="Flux release before")
    target: str = Field(description="Flux release that was asked for")
    way_back: bool = Field(False, description="whether it went back to the release that the platform began with")
    seconds: float | None = Field(description="from the request until the platform ran it; null: it never did")
    broke: str = Field("", description="what kept the upgrade or its attacks from being completed")
    kinds: tuple[KindRow, ...]
    controllers: tuple[MovedRow, ...]
    twins: tuple[TwinRow, ...]
    marks: tuple[MarkRow, ...]
    checks_changed: tuple[ChangedRow, ...] = Field(description="checks whose outcome is another one afterwards")
    controls_changed: tuple[ChangedRow, ...] = Field(description="controls whose live state is another one afterwards")
    tenant_objects: int = Field(0, description="objects of the fleet's own tenants that were looked at")
    tenants_changed: tuple[ChangedRow, ...] = Field((), description="those of them that are not the same afterwards")
    attacks: tuple[AttackRow, ...]
