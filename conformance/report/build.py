"""From a run to its report: a pure function, so that a report can be rebuilt without a cluster."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TypeVar

from conformance import __version__, lockdown_arguments
from conformance.model import BinaryOrigin, Kill, Level, MutantResult, Outcome, Plane, Result, Run, Tally
from conformance.report import upgrades, verdict, wording
from conformance.report.base import Document
from conformance.report.redact import redact_tree, redactor
from conformance.report.schema import (
    ArgumentRow,
    Binary,
    CellRow,
    ConformanceReport,
    Controller,
    ControlRow,
    Counts,
    Denials,
    EnvironmentBlock,
    EvidenceFile,
    Judgement,
    MutantCounts,
    MutantRow,
    PartRow,
    PhaseRow,
    ProfileBlock,
    ResultRow,
    RunBlock,
    SlowRow,
    Subject,
    Suite,
    Summary,
    TallyRow,
)

D = TypeVar("D", bound=Document)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""A tenant chooses many texts of a report: none may move a terminal's cursor, or make a file that cannot be written."""
_IMAGE = "image"
_CONTROLLERS = ("-controller", "source-watcher", "flux-operator")
_SLOWEST = 10
_TWO, _THREE = 2, 3


def build_report(run: Run, secrets: Sequence[str] = ()) -> ConformanceReport:
    """Return the report of a run, judged, in a fixed order, and without secrets."""
    judgement = verdict.judge(run)
    ordered = sorted(run.results, key=_result_order)
    results = tuple(result_row(result, judged=verdict.is_judged(result, run)) for result in ordered)
    report = ConformanceReport(
        verdict=judgement.verdict,
        judgement=Judgement(
            exit_code=judgement.exit_code,
            reasons=judgement.reasons,
            provisional=bool(judgement.reservations),
            provisional_reasons=judgement.reservations,
        ),
        run=RunBlock(id=run.run_id, started=run.started),
        subject=Subject(
            flux_version=run.flux_version,
            controllers=tuple(_controllers(run.binaries)),
            fleet=run.fleet,
            fleet_commits={str(key): value for key, value in run.fleet_commits.items()},
            folders_sha256=dict(run.folders_sha256),
        ),
        environment=EnvironmentBlock(
            provider=run.provider,
            bootstrap=run.bootstrap,
            mode=run.mode,
            sync=run.sync,
            onboarding=run.onboarding,
            kubernetes=run.kubernetes_version,
            environments=tuple(run.environments),
        ),
        suite=_suite(run),
        profile=ProfileBlock(name=run.profile, judged_levels=tuple(sorted(run.profile.levels))),
        summary=_summary(run, results),
        results=results,
        explanations={
            check: tuple(PartRow(name=p.name, text=p.text, form=p.form) for p in parts)
            for check, parts in sorted(run.explanations.items())
        },
        mutants=tuple(_mutant(mutant) for mutant in sorted(run.mutants, key=lambda m: (m.environment, m.id))),
        tallies=tuple(_tally(tally) for tally in sorted(run.tallies, key=lambda t: (t.environment, t.key))),
        upgrades=tuple(upgrades.row(one) for one in sorted(run.upgrades, key=lambda one: one.environment)),
        lockdown={str(environment): _lockdown(run, environment) for environment in run.lockdown},
        lockdown_arguments={env: _arguments(columns, run.bootstrap) for env, columns in run.lockdown_arguments.items()},
        binaries=tuple(_binary(binary) for binary in sorted(run.binaries, key=lambda b: b.tool)),
        phases=tuple(PhaseRow(name=p.name, environment=p.environment, seconds=p.seconds) for p in run.phases),
        address_map=dict(run.address_map),
        argument_changes=tuple(run.argument_changes),
        beyond=dict(sorted(run.beyond.items())),
        new_surface=tuple(run.new_surface),
        breakdowns=tuple(run.breakdowns),
        notes=tuple(run.notes),
    )
    return cleaned(report, redactor(secrets))


def cleaned(document: D, redact: Callable[[str], str]) -> D:
    """Return a document without secrets, and without what cannot be printed."""

    @functools.cache  # a report says much of what it says several times
    def clean(text: str) -> str:
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", redact(text))

    data = document.model_dump(exclude={"api_version", "kind"})
    return type(document).model_validate(redact_tree(data, clean))


def _result_order(result: Result) -> tuple[str, str, str, str]:
    return (_staging_first(result.environment), result.id, result.parameter, repr(result))


def _staging_first(environment: str) -> str:
    return "" if environment == "staging" else environment


def result_row(result: Result, *, judged: bool) -> ResultRow:
    """Return the row of one result; `judged`: whether a verdict depends on it."""
    return ResultRow(
        id=result.id,
        key=result.key,
        parameter=result.parameter,
        statement=result.statement,
        level=result.level,
        judged=judged,
        environment=result.environment,
        result=result.outcome,
        reading=wording.reading(result.id, result.level, result.outcome, judged=judged, fidelity=result.fidelity),
        duration=round(result.duration_s, 3),
        control=result.control,
        control_state=result.control_state,
        wanted=result.wanted,
        observed=result.observed,
        message=result.message,
        layer=result.layer,
        evidence=tuple(EvidenceFile(path=e.path, sha256=e.sha256, kind=e.kind) for e in result.evidence),
        rerun=result.rerun,
        spec=result.spec,
        source=result.source,
        denial=result.denial,
        planes=tuple(Plane(plane) for plane in result.planes),
        fidelity=result.fidelity,
        cells=tuple(CellRow(**asdict(cell)) for cell in result.cells),
    )


def _mutant(mutant: MutantResult) -> MutantRow:
    return MutantRow(
        id=mutant.id,
        description=mutant.description,
        environment=mutant.environment,
        result=verdict.mutant_result(mutant),
        duration=round(mutant.duration_s, 3),
        kills=dict(sorted(mutant.kills.items())),
        bystanders=dict(sorted(mutant.bystanders.items())),
        green_again=mutant.green_again,
        message=mutant.message,
    )


def _tally(tally: Tally) -> TallyRow:
    return TallyRow(
        key=tally.key,
        environment=tally.environment,
        rounds=tally.rounds,
        failed=tally.failed,
        errors=tally.errors,
        upper_bound=tally.upper_bound,
        flips=tally.flips,
    )


def _binary(binary: BinaryOrigin) -> Binary:
    return Binary(
        tool=binary.tool,
        module=binary.module,
        version=binary.version,
        go_version=binary.go_version,
        go_sum_sha256=binary.go_sum_sha256,
        binary_sha256=binary.binary_sha256,
        source=binary.source,
        substituted=tuple(binary.substituted),
    )


def _controllers(binaries: Sequence[BinaryOrigin]) -> Iterable[Controller]:
    """Yield what ran; of a module whose manifests alone were taken, the image did."""
    images = {binary.tool for binary in binaries if binary.source == _IMAGE}
    for binary in sorted(binaries, key=lambda b: b.tool):
        if binary.tool.endswith(_CONTROLLERS) and (binary.source == _IMAGE or binary.tool not in images):
            yield Controller(
                name=binary.tool, module=binary.module, version=binary.version, binary_sha256=binary.binary_sha256
            )


def _arguments(columns: Mapping[str, lockdown_arguments.Arguments], live: str) -> tuple[ArgumentRow, ...]:
    rows = lockdown_arguments.table(columns, columns[live])
    return tuple(
        ArgumentRow(controller=row.controller, flag=row.flag, values=dict(row.values), alike=row.alike) for row in rows
    )


def _lockdown(run: Run, environment: str) -> tuple[ControlRow, ...]:
    live = run.lockdown[environment]
    return tuple(
        ControlRow(
            control=str(control), wanted=run.lockdown_wanted.get(control, ""), live=live.get(control, "not read")
        )
        for control in sorted({*live, *run.lockdown_wanted})
    )


def _suite(run: Run) -> Suite:
    selected = {name.partition("[")[0] for name in run.expected_keys}
    return Suite(
        version=__version__,
        catalog_size=len({name.partition("/")[2] for name in run.catalog}),
        selected=len({name.partition("/")[2] for name in selected}),
        not_selected=verdict.left_out(run),
    )


def _summary(run: Run, results: Sequence[ResultRow]) -> Summary:
    limits = [row for row in results if row.level is Level.PROVISIONAL]
    return Summary(
        judged=_counts(row for row in results if row.judged),
        unjudged=_counts(row for row in results if not row.judged),
        by_environment={
            str(environment): _counts(row for row in results if row.environment is environment)
            for environment in run.environments
        },
        mutants=_mutant_counts(run.mutants),
        denials=_denials(results),
        slowest=_slowest(results),
        missing=verdict.missing(run),
        limits_open=tuple(f"{row.environment}/{row.key}" for row in limits if row.result is Outcome.FAILED),
        limits_closed=tuple(f"{row.environment}/{row.key}" for row in limits if wording.state(row) == "limit-closed"),
    )


def _counts(rows: Iterable[ResultRow]) -> Counts:
    by_outcome = Counter(row.result.value for row in rows)
    return Counts(total=by_outcome.total(), **by_outcome)


def _mutant_counts(mutants: Sequence[MutantResult]) -> MutantCounts:
    by_result = Counter(verdict.mutant_result(mutant) for mutant in mutants)
    beside = Counter(kill for mutant in mutants for kill in mutant.bystanders.values())
    return MutantCounts(
        total=len(mutants),
        killed=by_result[Kill.KILLED],
        survived=by_result[Kill.SURVIVED],
        error=by_result[Kill.ERROR],
        score=_share(by_result[Kill.KILLED], len(mutants)),
        bystanders=beside.total(),
        stayed_green=beside[Kill.SURVIVED],
        precision=_share(beside[Kill.SURVIVED], beside.total()),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _denials(results: Sequence[ResultRow]) -> Denials:
    # Only what passed: of a denial that failed, the planes say where the harm showed.
    seen = [len(row.planes) for row in results if row.denial and row.result is Outcome.PASSED]
    return Denials(total=len(seen), on_two=sum(n >= _TWO for n in seen), on_three=sum(n >= _THREE for n in seen))


def _slowest(results: Sequence[ResultRow]) -> tuple[SlowRow, ...]:
    known = sorted((row for row in results if row.duration > 0), key=lambda row: -row.duration)
    return tuple(SlowRow(key=r.key, environment=r.environment, seconds=r.duration) for r in known[:_SLOWEST])
