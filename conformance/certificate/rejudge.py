"""The verdict of a report, made again from its rows and its evidence; pure but for reading the evidence."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from conformance.certificate.compare import Reported
from conformance.certificate.signals import HARM
from conformance.certificate.stored import content, unproved
from conformance.errors import InputError
from conformance.model import Cell, Evidence, MutantResult, Outcome, Plane, Result, Run
from conformance.report import verdict
from conformance.report.schema import ConformanceReport, ResultRow
from conformance.report.upgrade_schema import UpgradeRow
from conformance.timeline import Attack, Twin, UpgradeRecord

_SHOWN_BY: Mapping[Plane, frozenset[str]] = {
    Plane.CONDITION: frozenset({"conditions", "object"}),
    Plane.ANSWER: frozenset({"answer", "dry-run", "push"}),
    Plane.AUDIT: frozenset({"audit"}),
    Plane.ABSENCE: frozenset({"absence", "leaks", "object"}),
    Plane.ACCESS_LOG: frozenset({"access-log", "registry-log"}),
    Plane.CONTROLLER_LOG: frozenset({"controller-log"}),
    Plane.EVENT: frozenset({"event", "events", "received"}),
    Plane.TRAFFIC: frozenset({"network"}),
    Plane.COMPUTED: frozenset({"network"}),
}
"""Plane -> kinds of evidence, one of which a result that claims the plane must have."""


def contradictions(side: Reported) -> Iterator[str]:
    """Yield what a report says that its own rows and evidence do not say."""
    report = side.report
    again = verdict.judge(_run(report))
    said = f"{report.verdict} ({report.judgement.exit_code})"
    if (found := f"{again.verdict} ({again.exit_code})") != said:
        yield f"the verdict is {said}; its rows give {found}"
    for row in report.results:
        yield from (f"{row.key} in {row.environment}: {said}" for said in _of_row(row, side.folder))
    attacks = {one.evidence for block in report.upgrades for one in block.attacks if one.evidence}
    yield from _refused(partial(unproved, name, side.folder) for name in sorted(attacks))


def _refused(reads: Iterable[Callable[[], bytes]]) -> Iterator[str]:
    for read in reads:
        try:
            read()
        except InputError as error:
            yield error.what


def _of_row(row: ResultRow, folder: Path) -> Iterator[str]:
    yield from _refused(partial(content, file, folder) for file in row.evidence)
    if row.result is not Outcome.PASSED:
        return
    kinds = {file.kind for file in row.evidence}
    if HARM in kinds:
        yield "it passed, and its evidence shows the harm"
    for plane in row.planes:
        if not kinds & _SHOWN_BY[plane]:
            yield f"it says that the plane '{plane}' showed the denial, and has no evidence of that"


def _run(report: ConformanceReport) -> Run:
    """Return as much of the run as its verdict depends on."""
    return Run(
        run_id=report.run.id,
        started=report.run.started,
        profile=report.profile.name,
        flux_version=report.subject.flux_version,
        provider=report.environment.provider,
        bootstrap=report.environment.bootstrap,
        mode=report.environment.mode,
        kubernetes_version=report.environment.kubernetes,
        environments=report.environment.environments,
        fleet=report.subject.fleet,
        fleet_commits=report.subject.fleet_commits,
        folders_sha256=report.subject.folders_sha256,
        address_map={},
        argument_changes=(),
        lockdown={},
        binaries=(),
        phases=(),
        results=tuple(_result(row) for row in report.results),
        mutants=tuple(
            MutantResult(
                id=row.id,
                description=row.description,
                environment=row.environment,
                duration_s=row.duration,
                kills=row.kills,
                green_again=row.green_again,
                message=row.message,
                bystanders=row.bystanders,
            )
            for row in report.mutants
        ),
        expected_keys=frozenset({*report.summary.missing, *(f"{row.environment}/{row.key}" for row in report.results)}),
        new_surface=report.new_surface,
        breakdowns=report.breakdowns,
        upgrades=tuple(_upgrade(row) for row in report.upgrades),
    )


def _result(row: ResultRow) -> Result:
    return Result(
        id=row.id,
        statement=row.statement,
        level=row.level,
        environment=row.environment,
        outcome=row.result,
        duration_s=row.duration,
        control=row.control,
        parameter=row.parameter,
        message=row.message,
        layer=row.layer,
        evidence=tuple(Evidence(path=file.path, sha256=file.sha256, kind=file.kind) for file in row.evidence),
        denial=row.denial,
        planes=tuple(row.planes),
        fidelity=row.fidelity,
        cells=tuple(Cell(**cell.model_dump()) for cell in row.cells),
    )


def _upgrade(row: UpgradeRow) -> UpgradeRecord:
    """Return the record of an upgrade; its times are seconds since it was asked for."""
    return UpgradeRecord(
        environment=row.environment,
        route=row.route,
        source=row.source,
        target=row.target,
        way_back=row.way_back,
        began=0.0,
        ended=row.seconds,
        attacks=tuple(
            Attack(kind=one.kind, target=one.target, at=one.at, judged_at=one.judged, fate=one.fate, said=one.said)
            for one in row.attacks
        ),
        marks=(),
        twins=tuple(Twin(kind=one.kind, when=one.when, works=one.works, said=one.said) for one in row.twins),
        controllers=(),
        tenants={one.name: (one.before, one.after) for one in row.tenants_changed},
        tenant_objects=row.tenant_objects,
        broke=row.broke,
    )
