"""Parity: the reports of one subject on several providers and by several bootstrap routes, compared row by row. Pure.

What differs is a finding about a platform, since the subject is the same; what could not be compared is never parity.
Only results of checks are compared: mutants have the kill matrix of each report.
"""

from collections.abc import Iterable, Mapping, Sequence

from conformance.errors import InputError
from conformance.model import EXIT_CODES, ExitCode, Fidelity, Level, Outcome
from conformance.report import wording
from conformance.report.combined_schema import Answer, Parity, Relation, Row, Side
from conformance.report.schema import ConformanceReport, ResultRow
from conformance.rows import rows as catalogue

Place = tuple[str, str]
"""Environment and key of a row."""
_JUDGED = frozenset({Outcome.PASSED, Outcome.FAILED})
_NAMED = 3
"""How many of the checks that not every run selected an error names."""
_SHOWN = 16
"""Characters of a digest: enough to tell two folders apart, and to read."""
_CODES = {
    Answer.EQUAL: ExitCode.CONFORMANT,
    Answer.DIFFERENT: ExitCode.NON_CONFORMANT,
    Answer.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


def exit_code(parity: Parity) -> int:
    """0 equal, 1 different, 10 inconclusive: as of a verdict."""
    return EXIT_CODES[_CODES[parity.answer]]


def names(platforms: Sequence[tuple[str, str]]) -> list[str]:
    """Return what tells platforms apart, each given as bootstrap and provider: by one of both where that is enough.

    Raises:
        InputError: two are the same, or there are not two.
    """
    same = [
        f"{bootstrap} on {provider}" for bootstrap, provider in platforms if platforms.count((bootstrap, provider)) > 1
    ]
    if same or len(platforms) < 2:  # noqa: PLR2004 - one has nothing to be compared with
        said = f"two reports are of the same platform: {same[0]}" if same else "one report has nothing beside it"
        raise InputError(said, hint="give reports that differ in provider or bootstrap, one of each")
    bootstraps, providers = ({platform[n] for platform in platforms} for n in (0, 1))
    if len(bootstraps) == 1:
        return [provider for _, provider in platforms]
    if len(providers) == 1:
        return [bootstrap for bootstrap, _ in platforms]
    return [f"{bootstrap} on {provider}" for bootstrap, provider in platforms]


def compare(columns: Mapping[str, ConformanceReport], lost: Iterable[str] = ()) -> Parity:
    """Compare reports, by the names of their columns; `lost` says why others are not there.

    The reports differ in nothing but provider, bootstrap, and the patch release of Kubernetes.

    Raises:
        InputError: they are of several subjects.
    """
    refuse_other_subjects(tuple(columns.values()))
    found = {name: by_place(report) for name, report in columns.items()}
    rows = tuple(_row(place, columns, found) for place in sorted({place for rows in found.values() for place in rows}))
    breakdowns = (*lost, *_breakdowns(columns))
    routes = [_of_provider(provider, columns, rows) for provider in sorted(_routed(columns))]
    return Parity(
        answer=_answer(rows, breakdowns),
        routes=_answer([row for some in routes for row in some], breakdowns) if routes else None,
        left_out=max((len(report.suite.not_selected) for report in columns.values()), default=0),
        rows=rows,
        breakdowns=breakdowns,
    )


def _answer(rows: Iterable[Row], breakdowns: Sequence[str]) -> Answer:
    """A difference decides; then whatever was not compared; no equal row at all is no parity."""
    seen = {row.relation for row in rows}
    if Relation.DIFFERENT in seen:
        return Answer.DIFFERENT
    if Relation.NOT_COMPARED in seen or breakdowns or Relation.EQUAL not in seen:
        return Answer.INCONCLUSIVE
    return Answer.EQUAL


def relation(outcomes: Sequence[Outcome | None]) -> Relation:
    """Return what the outcomes of one row say together."""
    judged = [outcome for outcome in outcomes if outcome in _JUDGED]
    if len(set(judged)) > 1:
        return Relation.DIFFERENT
    if not set(outcomes) <= _JUDGED | {Outcome.UNSUPPORTED} or len(outcomes) == 1:
        return Relation.NOT_COMPARED
    return (Relation.NEITHER, Relation.ONE, Relation.EQUAL)[min(len(judged), 2)]


def _routed(columns: Mapping[str, ConformanceReport]) -> set[str]:
    """Return the providers on which there is more than one bootstrap route."""
    providers = [report.environment.provider for report in columns.values()]
    return {provider for provider in providers if providers.count(provider) > 1}


def _of_provider(provider: str, columns: Mapping[str, ConformanceReport], rows: Iterable[Row]) -> list[Row]:
    """Return the rows as they are between the routes of one provider; without those that no route shows there."""
    mine = {name for name, report in columns.items() if report.environment.provider == provider}
    found = []
    for row in rows:
        sides = tuple(side for side in row.sides if side.column in mine)
        found.append(row.model_copy(update={"sides": sides, "relation": _related(row.key, sides, columns)}))
    return found


def refuse_other_subjects(reports: Sequence[ConformanceReport]) -> None:
    """Refuse reports that cannot be compared.

    Raises:
        InputError: they are of several subjects, or their runs did not select the same checks.
    """
    subjects = [_subject(report) for report in reports]
    # What is not known on one side broke down before it could be: no sign of another subject.
    seen = {name: list(dict.fromkeys(s[name] for s in subjects if s[name])) for name in _subject_names(subjects)}
    wrong = [f"{name} {' and '.join(values)}" for name, values in seen.items() if len(values) > 1]
    if wrong:
        raise InputError(
            f"the reports are not of one subject: {'; '.join(wrong)}",
            hint="let one `flux-tenancy run` or `flux-tenancy parity` make them: all get the same options",
        )
    if odd := _odd(reports):
        named = ", ".join(odd[:_NAMED]) + (" …" if len(odd) > _NAMED else "")
        raise InputError(
            f"the runs did not select the same checks: {len(odd)} were selected in some of them only ({named})",
            hint="give all runs the same -k",
        )


def _subject_names(subjects: Sequence[Mapping[str, str]]) -> Iterable[str]:
    return subjects[0] if subjects else ()


def _subject(report: ConformanceReport) -> dict[str, str]:
    return {
        "Flux": report.subject.flux_version,
        "fleet": report.subject.fleet,
        # Two folders of one name may be two fleets. An audit has no tenant's files: unknown, as in reports of before.
        "the fleet's files": report.subject.folders_sha256.get("fleet", "")[:_SHOWN],
        "the tenant's files": report.subject.folders_sha256.get("tenant", "")[:_SHOWN],
        "profile": report.profile.name,
        "sync": report.environment.sync,
        "onboarding": report.environment.onboarding,
        "environments": ", ".join(report.environment.environments),
        "suite": report.suite.version,
        # Node images are not released for each patch.
        "Kubernetes": ".".join(report.environment.kubernetes.split(".")[:2]),
    }


def _odd(reports: Sequence[ConformanceReport]) -> list[str]:
    """Return `environment/id` of checks that some selections left out, and others that can show them did not."""
    every = {name for report in reports for name in report.suite.not_selected}
    return sorted(name for name in every if any(_had(report, name) for report in reports))


def _had(report: ConformanceReport, name: str) -> bool:
    return name not in report.suite.not_selected and name.partition("/")[2] not in report.beyond


def _breakdowns(columns: Mapping[str, ConformanceReport]) -> list[str]:
    return [f"{name}: {text.partition(chr(10))[0]}" for name, report in columns.items() for text in report.breakdowns]


def by_place(report: ConformanceReport) -> dict[Place, list[ResultRow]]:
    """Return environment and key -> its results: one, or none where the check was collected and said nothing."""
    found: dict[Place, list[ResultRow]] = {}
    for row in report.results:
        found.setdefault((str(row.environment), row.key), []).append(row)
    for name in report.summary.missing:
        environment, _, key = name.partition("/")
        found.setdefault((environment, key), [])
    return found


def _row(
    place: Place,
    columns: Mapping[str, ConformanceReport],
    found: Mapping[str, Mapping[Place, Sequence[ResultRow]]],
) -> Row:
    known = next((rows[place][0] for rows in found.values() if rows.get(place)), None)
    sides = tuple(_side(name, report, place[1], found[name].get(place)) for name, report in columns.items())
    return Row(
        environment=place[0],
        key=place[1],
        statement=known.statement if known else "",
        level=known.level if known else "",
        judged=known.judged if known else True,
        relation=_related(place[1], sides, columns),
        sides=sides,
    )


def _related(key: str, sides: Sequence[Side], columns: Mapping[str, ConformanceReport]) -> Relation:
    """Return what the sides say together; a difference that the catalogue explains is a known one."""
    said = relation([side.outcome for side in sides])
    row = catalogue().get(key.partition("[")[0])
    if said is not Relation.DIFFERENT or row is None or not row.between_routes:
        return said
    by_route: dict[str, list[Outcome | None]] = {}
    for side in sides:
        by_route.setdefault(columns[side.column].environment.bootstrap, []).append(side.outcome)
    if any(relation(seen) is Relation.DIFFERENT for seen in by_route.values()):
        return said
    whole = all(side.outcome in _JUDGED | {Outcome.UNSUPPORTED} for side in sides)
    return Relation.KNOWN if whole else Relation.NOT_COMPARED


def _side(name: str, report: ConformanceReport, key: str, rows: Sequence[ResultRow] | None) -> Side:
    needs = report.beyond.get(key.partition("[")[0])
    if rows is None and needs:
        word = Outcome.UNSUPPORTED
        return Side(column=name, word=word.value, outcome=word, said=f"needs {needs}")
    if rows is None or len(rows) != 1:
        return Side(column=name, word="", outcome=None, said=f"has {len(rows)} results" if rows else "has no result")
    row = rows[0]
    simulated = row.fidelity == Fidelity.SIMULATED
    return Side(
        column=name,
        # The state of a simulated row says that it is one, which is said beside the result here.
        word=row.result.value if simulated else wording.state(row),
        outcome=row.result,
        said="" if row.result is Outcome.PASSED and row.level is not Level.PROVISIONAL else _why(row),
        simulated=simulated,
    )


def _why(row: ResultRow) -> str:
    said = (row.message or row.reading).strip().partition("\n")[0]
    return f"layer {row.layer}: {said}" if row.layer and row.result is Outcome.ERROR else said
