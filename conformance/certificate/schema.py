"""The certificate, `certificate.yaml`: may a platform be taken from one Flux release to another."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from conformance.model import EXIT_CODES, Environment, ExitCode, Level, Onboarding, Profile, Sync, Verdict
from conformance.report.base import Document
from conformance.report.schema import API_VERSION, Binary, Controller, RunBlock

CERTIFICATE_KIND: Literal["UpgradeCertificate"] = "UpgradeCertificate"
CERTIFICATE_SCHEMA_FILE = Path(__file__).with_name("certificate.schema.json")


class Answer(StrEnum):
    """Whether a platform may be upgraded."""

    YES = "yes"
    """Nothing that was compared is looser."""
    NO = "no"
    """Something is looser: a tenant can do what it could not do before."""
    INCONCLUSIVE = "inconclusive"
    """Nothing is seen to be looser, and not everything was compared."""

    @property
    def exit_code(self) -> int:
        """As of a verdict: 0 yes, 1 no, 10 inconclusive."""
        return EXIT_CODES[_CODES[self]]


_CODES: Mapping[Answer, ExitCode] = {
    Answer.YES: ExitCode.CONFORMANT,
    Answer.NO: ExitCode.NON_CONFORMANT,
    Answer.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


class Direction(StrEnum):
    """What becomes of a property from one release to the next."""

    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    """One side does not say what the other says: a breakdown, no result, another reason, another surface."""
    STRICTER = "stricter"
    UNCHANGED = "unchanged"
    NOT_SHOWN = "not shown"
    """Nobody could have seen a difference: both sides declare that the platform cannot show it, or a controller of
    another release stood in."""


class Limit(StrEnum):
    """What becomes of a provisional row: a documented limit, or a property of some versions only."""

    CLOSES = "closes"
    OPENS = "opens"


class Difference(Document):
    """One thing that the evidence of both sides does not say alike."""

    aspect: str = Field(description="result, decision, reason, planes, identity, evidence, harm, check")
    subject: str = Field("", description="the request or the object; empty: the check as a whole")
    before: str
    after: str
    direction: Direction


class Change(Document):
    """One row of the catalogue (and parameter) in one environment, on both sides."""

    environment: Environment
    key: str
    statement: str
    level: Level | Literal[""] = Field(description="empty: neither side has a result")
    direction: Direction
    limit: Limit | None = Field(None, description="of a provisional row alone")
    before: str = Field(description="passed, failed, error …; or why there is none")
    after: str
    differences: tuple[Difference, ...] = Field((), description="empty: unchanged")
    notes: tuple[str, ...] = Field(
        (), description="what reads otherwise and decides nothing, such as a message's wording"
    )


class Comparison(Document):
    """Both releases, row by row."""

    rows: tuple[Change, ...]

    @property
    def counts(self) -> Counter[Direction]:
        """Numbers of rows by direction."""
        return Counter(row.direction for row in self.rows)

    def of(self, direction: Direction) -> tuple[Change, ...]:
        """Return the rows of one direction."""
        return tuple(row for row in self.rows if row.direction is direction)

    def limits(self, limit: Limit) -> tuple[Change, ...]:
        """Return the provisional rows that the release closes, or opens."""
        return tuple(row for row in self.rows if row.limit is limit)


class Release(Document):
    """One side: a Flux release, and the report of it."""

    flux_version: str
    folder: str = Field(description="of its report, below the certificate")
    report_sha256: str
    run: RunBlock
    verdict: Verdict
    provisional: bool
    controllers: tuple[Controller, ...] = Field(description="the subject: controllers of the release, as they ran")
    binaries: tuple[Binary, ...] = Field(description="what ran: controllers, tools and images, with their digests")


class Platform(Document):
    """What both sides have in common."""

    fleet: str
    provider: str
    bootstrap: str
    kubernetes: str
    sync: Sync
    onboarding: Onboarding
    profile: Profile
    environments: tuple[Environment, ...]
    suite: str = Field(description="version of the suite that certified both")
    catalog_size: int
    left_out: int = Field(description="checks of the catalog that were not selected")


class SurfaceChange(Document):
    """An entry of the surface that the later release has, lacks or has otherwise."""

    id: str
    change: Literal["new", "removed", "changed"]
    detail: str = Field("", description="what is known of it; of a changed one: before and after")
    checks: tuple[str, ...] = ()
    waiver: str = Field("", description="why no check looks at it, who says so and until when")


class SurfaceBlock(Document):
    """How the surface of one release differs from that of the other."""

    before_entries: int
    after_entries: int
    waived: int = Field(description="entries of the later release that no check looks at, by a waiver in force")
    changes: tuple[SurfaceChange, ...]
    unmapped: tuple[str, ...] = Field(description="new surface: entries of the later release that nobody looks at")
    new_leaves: tuple[str, ...] = Field((), description="every new leaf field of a CRD, whatever its class")
    removed_leaves: tuple[str, ...] = Field((), description="every leaf field, value and rule that is gone")
    incomparable: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reservations: tuple[str, ...] = ()


class InPlace(Document):
    """The upgrade of a running platform under attack, of its own report."""

    folder: str
    report_sha256: str
    route: str
    provider: str
    verdict: Verdict
    seconds: tuple[float, ...] = Field(description="of each environment that was upgraded")
    seconds_back: tuple[float, ...] = Field((), description="of each environment that went back afterwards")
    attacks: int
    failures: tuple[str, ...]
    doubts: tuple[str, ...]


class Certificate(Document):
    """The answer to one question: may a platform be taken from one Flux release to another."""

    api_version: Literal["conformance.fluxtenancy.dev/v1alpha1"] = API_VERSION
    kind: Literal["UpgradeCertificate"] = CERTIFICATE_KIND
    may_upgrade: Answer
    exit_code: int = Field(description="0 yes, 1 no, 10 inconclusive")
    reasons: tuple[str, ...] = Field(description="what is looser, then what was not compared; empty: yes")
    provisional_reasons: tuple[str, ...] = Field((), description="not empty: the answer holds with these reservations")
    before: Release
    after: Release
    platform: Platform
    comparison: Comparison
    surface: SurfaceBlock | None = Field(description="null: it was not compared")
    upgrade: InPlace | None = Field(None, description="null: no running platform was upgraded for this certificate")
    reproduce: str = Field(description="the command that makes it again")


if __name__ == "__main__":  # python -m conformance.certificate.schema: after a change of the models
    CERTIFICATE_SCHEMA_FILE.write_text(Certificate.schema_text(), encoding="utf-8")
