"""The run that a report tells of, made again from the report, so that all that follows from it can be made again."""

from conformance.model import BinaryOrigin, Cell, Evidence, MutantResult, Result, Run
from conformance.report.schema import ConformanceReport, ResultRow
from conformance.report.upgrade_schema import UpgradeRow
from conformance.timeline import Attack, Twin, UpgradeRecord


def run_of(report: ConformanceReport) -> Run:
    """Return as much of the run as what the report derives depends on."""
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
        binaries=tuple(BinaryOrigin(**binary.model_dump()) for binary in report.binaries),
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
        expected_keys=_expected(report),
        catalog=frozenset({*report.suite.not_selected, *(name.partition("[")[0] for name in _expected(report))}),
        beyond=report.beyond,
        new_surface=report.new_surface,
        breakdowns=report.breakdowns,
        upgrades=tuple(_upgrade(row) for row in report.upgrades),
    )


def _expected(report: ConformanceReport) -> frozenset[str]:
    return frozenset({*report.summary.missing, *(f"{row.environment}/{row.key}" for row in report.results)})


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
