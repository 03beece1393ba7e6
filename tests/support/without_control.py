"""A release without one control, made of what was really seen: on a certified platform, and on it without the control.

Both sides are results and evidence of one report of `flux-tenancy mutants`. Nothing is made up but the number of the
later release and, where a check is to have gone blind, that it passed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.certificate.compare import Reported
from conformance.certificate.compose import Given, compose
from conformance.certificate.record import run_of
from conformance.certificate.schema import Certificate, Direction
from conformance.model import Environment, Kill, Outcome
from conformance.report.build import build_report
from conformance.report.kept import RESULT_FILE
from conformance.report.plain import plain
from conformance.report.schema import MutantRow, ResultRow
from conformance.report.write import load_report
from support.certificates import surface

Rows = Mapping[str, ResultRow]
"""Key of a check -> its result."""
_LATER = "-without"
_MUTATED, _AGAIN, _REVERTED = "mutated", "mutated-again", "reverted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """One control removed from a certified platform: what the checks said before, and without it."""

    mutant: str
    killers: frozenset[str]
    """Keys of the checks that turned red."""
    before: Rows
    after: Rows

    @property
    def blind(self) -> Rows:
        """What was seen without the control, by killers that say all the same that they passed, as before."""
        return {key: _passed(self.before[key], row) if key in self.killers else row for key, row in self.after.items()}


def reported(folder: Path) -> Reported:
    """Return the report of a run, with its folder."""
    return Reported(load_report(folder), folder)


def removed(side: Reported) -> Iterator[Removed]:
    """Yield every mutant that a report has, with the results of its killers and of its bystanders."""
    for mutant in side.report.mutants:
        clean = _clean(side, mutant.environment)
        said = {**mutant.bystanders, **mutant.kills}
        place = side.folder / f"evidence/{mutant.environment}/mutants/{mutant.id}"
        yield Removed(
            mutant=mutant.id,
            killers=frozenset(key for key, kill in mutant.kills.items() if kill is Kill.KILLED),
            before={key: clean[key] for key in said},
            after={key: _without(place, mutant, key) for key in said},
        )


def green_again(side: Reported) -> Iterator[tuple[str, Rows, Rows]]:
    """Yield of each time that a platform was proved to be green again: after which mutant, results before, and then."""
    for place in sorted((side.folder / "evidence").glob(f"*/mutants/*/{_REVERTED}")):
        environment = Environment(place.parts[-4])
        clean = _clean(side, environment)
        again = {row.key: row for row in map(_kept, sorted(file.parent for file in place.glob(f"*/{RESULT_FILE}")))}
        yield place.parts[-2], {key: clean[key] for key in again}, again


def answered(side: Reported, before: Rows, after: Rows) -> Certificate:
    """Return the certificate of an upgrade from these results to those."""
    version = side.version
    return compose(
        Given(
            before=_release(side, version, before.values()),
            after=_release(side, f"{version}{_LATER}", after.values()),
            before_sha256="",
            after_sha256="",
            surfaces=(surface(version), surface(f"{version}{_LATER}")),
        )
    )


def directions(certificate: Certificate) -> Mapping[str, Direction]:
    """Return key -> what became of each check."""
    return {row.key: row.direction for row in certificate.comparison.rows}


def _clean(side: Reported, environment: Environment) -> Rows:
    return {row.key: row for row in side.report.results if row.environment is environment}


def _without(place: Path, mutant: MutantRow, key: str) -> ResultRow:
    """Return what a check said without the control: what counts was judged again, where the short waits were too short.

    It must be what the kill matrix says of it.
    """
    row = _kept(place / _MUTATED / _folder(key))
    if row.result is Outcome.ERROR:
        row = _kept(place / _AGAIN / _folder(key))
    said = {**mutant.bystanders, **mutant.kills}[key]
    wanted = {Kill.KILLED: Outcome.FAILED, Kill.SURVIVED: Outcome.PASSED}.get(said, Outcome.ERROR)
    assert (row.key, row.result) == (key, wanted), f"{mutant.id}: {key} is {said} in the matrix, {row.result} by itself"
    return row


def _kept(folder: Path) -> ResultRow:
    return ResultRow.model_validate(plain((folder / RESULT_FILE).read_bytes()))


def _folder(key: str) -> str:
    return key.replace("[", "-").removesuffix("]")


def _passed(clean: ResultRow, row: ResultRow) -> ResultRow:
    """Return a result that is said to be as good as before; its evidence and its connections stay as they are."""
    claims = {"denial": clean.denial, "planes": clean.planes, "fidelity": clean.fidelity, "reading": clean.reading}
    unsaid = dict.fromkeys(("message", "wanted", "observed", "control_state", "layer"), "")
    return row.model_copy(update={"result": Outcome.PASSED, **claims, **unsaid})


def _release(side: Reported, version: str, rows: Iterable[ResultRow]) -> Reported:
    """Return a report of these results alone, judged anew; their evidence lies where it lay."""
    subject = side.report.subject.model_copy(update={"flux_version": version})
    of_rows = {"results": tuple(rows), "mutants": (), "subject": subject}
    return Reported(build_report(run_of(side.report.model_copy(update=of_rows))), side.folder)
