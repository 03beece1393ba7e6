"""Parity of two providers: the reports of one subject on both, compared row by row. Pure.

What differs is a finding about a provider, since the subject is the same; what could not be compared is never parity.
Only results of checks are compared: mutants have the kill matrix of each report.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from conformance.errors import InputError
from conformance.model import EXIT_CODES, ExitCode, Level, Outcome
from conformance.report import wording
from conformance.report.schema import ConformanceReport, ResultRow

_JUDGED = frozenset({Outcome.PASSED, Outcome.FAILED})
_NAMED = 3
"""How many of the checks that only one run selected an error names."""


class Relation(StrEnum):
    """What one row says of the two providers."""

    EQUAL = "equal"
    DIFFERENT = "different"
    """Both judged it, and not alike: at least one of the providers is not what it claims to be."""
    ONE = "one provider"
    """The other declares that it cannot show the property."""
    NEITHER = "neither provider"
    NOT_COMPARED = "not compared"
    """A breakdown, or no result: nothing can be said."""


class Answer(StrEnum):
    """What the comparison says as a whole."""

    EQUAL = "equal"
    DIFFERENT = "different"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one provider said of a row."""

    provider: str
    word: str
    """passed, failed, limit-open, unsupported …, as `wording.state` has it; empty: no result."""
    outcome: Outcome | None
    said: str
    """Why it is not passed; empty where it is."""
    simulated: bool
    """Computed from the live objects, not seen in traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row in one environment, on both providers."""

    environment: str
    key: str
    statement: str
    level: str
    sides: tuple[Side, Side]

    @property
    def relation(self) -> Relation:
        """How the two sides compare."""
        outcomes = {side.outcome for side in self.sides}
        if not outcomes <= _JUDGED | {Outcome.UNSUPPORTED}:
            return Relation.NOT_COMPARED
        if Outcome.UNSUPPORTED in outcomes:
            return Relation.NEITHER if len(outcomes) == 1 else Relation.ONE
        return Relation.EQUAL if len(outcomes) == 1 else Relation.DIFFERENT

    @property
    def simulated(self) -> str:
        """The provider that simulated what the other showed; empty: none did."""
        return next((side.provider for side in self.sides if side.simulated), "")

    @property
    def able(self) -> str:
        """The only provider that could exercise the row; empty: both, or neither."""
        seen = [side.provider for side in self.sides if side.outcome in _JUDGED]
        return seen[0] if self.relation is Relation.ONE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Two reports, compared."""

    providers: tuple[str, str]
    kubernetes: tuple[str, str]
    flux_version: str
    profile: str
    fleet: str
    environments: Sequence[str]
    started: tuple[str, str]
    suite: str
    left_out: int
    """Checks of the catalog that the selection of both runs left out."""
    pairs: Sequence[Pair]
    breakdowns: Sequence[str]
    """What broke down in either run, apart from single checks."""

    def of(self, relation: Relation) -> list[Pair]:
        """Return the rows of one relation."""
        return [pair for pair in self.pairs if pair.relation is relation]

    @property
    def counts(self) -> Mapping[Relation, int]:
        """Rows by relation; a relation without rows counts 0."""
        return Counter(pair.relation for pair in self.pairs)

    @property
    def answer(self) -> Answer:
        """A difference decides; then whatever was not compared; no row at all is no parity."""
        counts = self.counts
        if counts[Relation.DIFFERENT]:
            return Answer.DIFFERENT
        if counts[Relation.NOT_COMPARED] or self.breakdowns or not counts[Relation.EQUAL]:
            return Answer.INCONCLUSIVE
        return Answer.EQUAL

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different, 10 inconclusive: as of a verdict."""
        return {
            Answer.EQUAL: EXIT_CODES[ExitCode.CONFORMANT],
            Answer.DIFFERENT: EXIT_CODES[ExitCode.NON_CONFORMANT],
            Answer.INCONCLUSIVE: EXIT_CODES[ExitCode.INCONCLUSIVE],
        }[self.answer]


def compare(left: ConformanceReport, right: ConformanceReport) -> Parity:
    """Compare two reports that differ in nothing but the provider (and the patch release of Kubernetes).

    Raises:
        InputError: they are of one provider, or of two subjects.
    """
    _refuse_other_subjects(left, right)
    reports = (left, right)
    found = (_by_place(left), _by_place(right))
    return Parity(
        providers=(left.environment.provider, right.environment.provider),
        kubernetes=(left.environment.kubernetes, right.environment.kubernetes),
        flux_version=left.subject.flux_version,
        profile=left.profile.name,
        fleet=left.subject.fleet,
        environments=left.environment.environments,
        started=(left.run.started, right.run.started),
        suite=left.suite.version,
        left_out=len(left.suite.not_selected),
        pairs=tuple(
            _pair(place, [(report, rows.get(place, ())) for report, rows in zip(reports, found, strict=True)])
            for place in sorted({*found[0], *found[1]})
        ),
        breakdowns=tuple(
            f"{report.environment.provider}: {text.partition(chr(10))[0]}"
            for report in reports
            for text in report.breakdowns
        ),
    )


def _refuse_other_subjects(left: ConformanceReport, right: ConformanceReport) -> None:
    if left.environment.provider == right.environment.provider:
        raise InputError(
            f"both reports are of provider '{left.environment.provider}'", hint="give one report of each provider"
        )
    ours, theirs = _subject(left), _subject(right)
    # What is not known on one side broke down before it could be: no sign of another subject.
    wrong = [f"{name} {ours[name]} and {theirs[name]}" for name in ours if len({ours[name], theirs[name], ""}) > 2]  # noqa: PLR2004
    if wrong:
        raise InputError(
            f"the reports are not of one subject: {'; '.join(wrong)}",
            hint="run `flux-tenancy parity`, which gives both runs the same options",
        )
    odd = sorted(set(left.suite.not_selected) ^ set(right.suite.not_selected))
    if odd:
        named = ", ".join(odd[:_NAMED]) + (" …" if len(odd) > _NAMED else "")
        raise InputError(
            f"the runs did not select the same checks: {len(odd)} were selected in one of them only ({named})",
            hint="give both runs the same -k",
        )


def _subject(report: ConformanceReport) -> dict[str, str]:
    return {
        "Flux": report.subject.flux_version,
        "fleet": report.subject.fleet,
        "profile": report.profile.name,
        "bootstrap": report.environment.bootstrap,
        "environments": ", ".join(report.environment.environments),
        "suite": report.suite.version,
        # Node images are not released for each patch.
        "Kubernetes": ".".join(report.environment.kubernetes.split(".")[:2]),
    }


def _by_place(report: ConformanceReport) -> dict[tuple[str, str], list[ResultRow]]:
    """Return environment and key -> its results: one, or none where the check was collected and said nothing."""
    found: dict[tuple[str, str], list[ResultRow]] = {}
    for row in report.results:
        found.setdefault((str(row.environment), row.key), []).append(row)
    for name in report.summary.missing:
        environment, _, key = name.partition("/")
        found.setdefault((environment, key), [])
    return found


def _pair(place: tuple[str, str], found: Sequence[tuple[ConformanceReport, Sequence[ResultRow]]]) -> Pair:
    known = next((rows[0] for _, rows in found if rows), None)
    left, right = (_side(report, rows) for report, rows in found)
    return Pair(
        environment=place[0],
        key=place[1],
        statement=known.statement if known else "",
        level=str(known.level) if known else "",
        sides=(left, right),
    )


def _side(report: ConformanceReport, rows: Sequence[ResultRow]) -> Side:
    provider = report.environment.provider
    if len(rows) != 1:
        said = f"has {len(rows)} results" if rows else "has no result"
        return Side(provider=provider, word="", outcome=None, said=said, simulated=False)
    row = rows[0]
    simulated = _is_simulated(row)
    return Side(
        provider=provider,
        # The state of a simulated row says that it is one, which is said beside the result here.
        word=row.result.value if simulated else wording.state(row),
        outcome=row.result,
        said="" if row.result is Outcome.PASSED and row.level is not Level.PROVISIONAL else _why(row),
        simulated=simulated,
    )


def _is_simulated(row: ResultRow) -> bool:
    return row.model_dump().get("fidelity") == "simulated"


def _why(row: ResultRow) -> str:
    said = (row.message or row.reading).strip().partition("\n")[0]
    return f"layer {row.layer}: {said}" if row.layer and row.result is Outcome.ERROR else said
