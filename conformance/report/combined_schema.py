"""The combined report: several certifications of one subject, a column for each, and what they say of each other."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from conformance.model import Environment, Level, Outcome, Profile, Verdict
from conformance.report.base import Document
from conformance.report.schema import API_VERSION, Counts, Judgement, MutantCounts, RunBlock

COMBINED_KIND: Literal["CombinedReport"] = "CombinedReport"
COMBINED_SCHEMA_FILE = Path(__file__).with_name("combined.schema.json")


class Relation(StrEnum):
    """What the columns say of one row."""

    EQUAL = "equal"
    """At least two judged it, all of them alike; what is left declares that it cannot show the property."""
    DIFFERENT = "different"
    """Two judged it, and not alike: one of the platforms is not what it claims to be."""
    KNOWN = "known difference"
    """The bootstrap routes differ, and the catalogue says why; on each route all columns are alike."""
    ONE = "one column"
    """All others declare that they cannot show the property."""
    NEITHER = "no column"
    NOT_COMPARED = "not compared"
    """A breakdown, or no result: nothing can be said."""


class Answer(StrEnum):
    """What a comparison says as a whole."""

    EQUAL = "equal"
    DIFFERENT = "different"
    INCONCLUSIVE = "inconclusive"


class Side(Document):
    """What one column says of a row."""

    column: str
    word: str = Field(description="passed, failed, limit-open, unsupported …; empty: no result")
    outcome: Outcome | None = Field(description="null: no result")
    said: str = Field(default="", description="why it is not passed")
    simulated: bool = Field(default=False, description="computed from the live objects, not seen in traffic")


class Row(Document):
    """One row of the catalogue (and parameter) in one environment, in every column."""

    environment: str
    key: str
    statement: str
    level: Level | Literal[""] = Field(description="empty: no column has a result")
    judged: bool = Field(description="whether the verdict of a column depends on it")
    relation: Relation
    sides: tuple[Side, ...]

    @property
    def simulated(self) -> tuple[str, ...]:
        """The columns that simulated what others showed."""
        return tuple(side.column for side in self.sides if side.simulated)

    @property
    def able(self) -> str:
        """The only column that could exercise the row; empty: several, or none."""
        seen = [side.column for side in self.sides if side.outcome in {Outcome.PASSED, Outcome.FAILED}]
        return seen[0] if self.relation is Relation.ONE else ""


class Parity(Document):
    """The columns, compared row by row."""

    answer: Answer
    routes: Answer | None = Field(
        default=None,
        description="row H17: whether the bootstrap routes got the same results; null: there was one route",
    )
    left_out: int = Field(default=0, description="checks of the catalog that the selection of all columns left out")
    rows: tuple[Row, ...] = ()
    breakdowns: tuple[str, ...] = Field(
        default=(), description="what broke down apart from single checks, and what is not there"
    )

    def of(self, relation: Relation) -> list[Row]:
        """Return the rows of one relation."""
        return [row for row in self.rows if row.relation is relation]

    @property
    def counts(self) -> Mapping[Relation, int]:
        """Rows by relation; a relation without rows counts 0."""
        return Counter(row.relation for row in self.rows)


class ColumnRow(Document):
    """One certification, with its own report in a folder of its own."""

    name: str = Field(description="what tells it from the others: a provider, a bootstrap route, or both")
    bootstrap: str
    provider: str
    folder: str = Field(description="of its report, relative to this one")
    report_sha256: str = Field(default="", description="of its report.yaml; empty: it has none")
    lost: str = Field(default="", description="why it has no report")
    verdict: Verdict | None = None
    judgement: Judgement | None = None
    run: RunBlock | None = None
    kubernetes: str = ""
    seconds: float = Field(default=0.0, description="from its start to its end; 0: not measured")
    judged: Counts = Counts()
    missing: int = Field(default=0, description="checks that were collected and have no result")
    selected: int = 0
    catalog_size: int = 0
    mutants: MutantCounts = MutantCounts(score=None, precision=None, bystanders=0)
    scope: tuple[str, ...] = Field(
        default=(), description="what was simulated or repeated, and what this provider or route cannot show"
    )
    notes: tuple[str, ...] = ()
    closed: tuple[str, ...] = Field(default=(), description="documented limits that are gone: review their rows")


class LiveRow(Document):
    """One control in one environment, as it was read back in each column."""

    environment: str
    control: str
    live: dict[str, str] = Field(description="column to the live state")


class LiveArgument(Document):
    """One lockdown argument of one controller in one environment, as it was read back in each column."""

    environment: str
    controller: str
    flag: str
    live: dict[str, str] = Field(description="column to the value; 'absent' where it has none")

    @property
    def alike(self) -> bool:
        """Whether every column says the same."""
        return len(set(self.live.values())) < 2  # noqa: PLR2004 - one or none


class CombinedReport(Document):
    """The result of one command that certified on several providers or by several bootstrap routes."""

    api_version: Literal["conformance.fluxtenancy.dev/v1alpha1"] = API_VERSION
    kind: Literal["CombinedReport"] = COMBINED_KIND
    verdict: Verdict
    judgement: Judgement
    flux_version: str = Field(description="empty: no column has a report")
    fleet: str
    profile: Profile | None
    environments: tuple[Environment, ...]
    suite: str = Field(description="version of the suite")
    columns: tuple[ColumnRow, ...]
    parity: Parity
    lockdown: tuple[LiveRow, ...] = ()
    arguments: tuple[LiveArgument, ...] = Field(
        default=(), description="row A21: what the routes set, live beside live"
    )
    notes: tuple[str, ...] = ()


if __name__ == "__main__":  # python -m conformance.report.combined_schema: after a change of the models
    COMBINED_SCHEMA_FILE.write_text(CombinedReport.schema_text(), encoding="utf-8")
