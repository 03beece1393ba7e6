"""The verdict of a run: a pure function that fails closed, since what was not judged is not conformant."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model import EXIT_CODES, ExitCode, Kill, Level, Mode, MutantResult, Outcome, Result, Run, Verdict
from conformance.report import upgrades

VARIANT = "+"
"""In the name of a tool that was made faulty on purpose."""
_DONE = {
    Mode.AUDIT: "an audit: the cluster was read and not attacked",
    Mode.PROBE: "a probe: tenants of the suite's own asked by dry-runs, and nothing of theirs was run",
}
_UNNAMED = 3
"""How many left-out checks a reservation names before it only counts them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the exit code that goes with it, and the reasons in words."""

    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...]
    reservations: tuple[str, ...]
    """Why the verdict is only provisional; empty: it is not."""


def judge(run: Run) -> Judgement:
    """Judge a run by its profile.

    A judged failure makes it non-conformant, whatever else happened. Anything that could not be judged, or that makes
    the record not add up, makes it inconclusive. Conformant is what remains.
    """
    failures = tuple(_sorted(_failures(run)))
    doubts = tuple(_sorted(_doubts(run)))
    if failures:
        verdict, code = Verdict.NON_CONFORMANT, ExitCode.NON_CONFORMANT
    elif nothing_collected(run):
        verdict, code = Verdict.INCONCLUSIVE, ExitCode.NOTHING_COLLECTED
    elif doubts:
        verdict, code = Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE
    else:
        verdict, code = Verdict.CONFORMANT, ExitCode.CONFORMANT
    return Judgement(verdict, EXIT_CODES[code], (*failures, *doubts), reservations(run))


def is_judged(result: Result, run: Run) -> bool:
    """Whether the verdict depends on this result. A documented limit never counts, whatever the profile says."""
    return result.level is not Level.PROVISIONAL and result.level in run.profile.levels


def label(result: Result) -> str:
    """Return `environment/key`, as `Run.expected_keys` has it."""
    return f"{result.environment}/{result.key}"


def missing(run: Run) -> tuple[str, ...]:
    """Return `environment/key` of checks that were collected and gave no result."""
    return tuple(sorted(run.expected_keys - {label(result) for result in run.results}))


def left_out(run: Run) -> tuple[str, ...]:
    """Return `environment/id` of the catalog's checks that were not selected."""
    seen = {key.partition("[")[0] for key in run.expected_keys} | {f"{r.environment}/{r.id}" for r in run.results}
    return tuple(sorted(run.catalog - seen))


def unread(run: Run) -> frozenset[str]:
    """Return `environment/id` of the catalog's checks that this platform cannot show by its nature."""
    return frozenset(name for name in left_out(run) if name.partition("/")[2] in run.beyond)


def mutant_result(mutant: MutantResult) -> Kill:
    """Return what the kill matrix says of a mutant: one check that missed it is a survivor."""
    if Kill.SURVIVED in mutant.kills.values():
        return Kill.SURVIVED
    return Kill.KILLED if mutant.killed else Kill.ERROR


def nothing_collected(run: Run) -> bool:
    """Whether the run never had anything to judge, as a mistyped `-k` gives."""
    return not (run.results or run.expected_keys or run.mutants or run.breakdowns)


def reservations(run: Run) -> tuple[str, ...]:
    """Return what a reader must know before taking the verdict for that of the whole catalog and the real release."""
    said = [
        f"{binary.tool} was built with {module} in place of the published module"
        for binary in run.binaries
        if VARIANT not in binary.tool  # a faulty controller ran for a mutant, and judged nothing
        for module in binary.substituted
    ]
    said += run.stand_ins
    beyond = unread(run)
    if run.mode is not None:
        said.append(
            f"{_DONE[run.mode]}; {len(beyond)} of {len(run.catalog)} checks of the "
            "catalog need more than that and were not judged"
        )
    absent = [name for name in left_out(run) if name not in beyond]
    if absent:
        named = ", ".join(absent[:_UNNAMED]) + (" …" if len(absent) > _UNNAMED else "")
        said.append(f"a selection: {len(absent)} of {len(run.catalog)} checks of the catalog were left out ({named})")
    return tuple(said)


def _failures(run: Run) -> Iterator[str]:
    for result in run.results:
        if is_judged(result, run) and result.outcome is Outcome.FAILED:
            yield f"{result.key} in {result.environment} failed: {_first_line(result.message or result.statement)}"
    for upgrade in run.upgrades:
        yield from upgrades.failures(upgrade)


def _doubts(run: Run) -> Iterator[str]:
    if nothing_collected(run):
        yield "nothing was collected: no check ran"
    yield from (f"the run broke down: {_first_line(text)}" for text in run.breakdowns)
    if run.new_surface:
        named = ", ".join(run.new_surface[:_UNNAMED]) + (" …" if len(run.new_surface) > _UNNAMED else "")
        yield f"new surface, which no check looks at: {len(run.new_surface)} entries of the live Flux ({named})"
    yield from _unjudged(run)
    yield from (f"{name} was collected and has no result" for name in missing(run))
    yield from _contradictions(run)
    for mutant in run.mutants:
        yield from _blind_spots(mutant)
    for upgrade in run.upgrades:
        yield from upgrades.doubts(upgrade)


def _unjudged(run: Run) -> Iterator[str]:
    for result in run.results:
        if is_judged(result, run) and result.outcome not in {Outcome.PASSED, Outcome.FAILED}:
            layer = f", layer {result.layer}" if result.layer else ""
            said = f": {_first_line(result.message)}" if result.message else ""
            yield f"{result.key} in {result.environment} was not judged ({result.outcome}{layer}){said}"
    judged = {result.environment for result in run.results if is_judged(result, run)}
    for environment in run.environments:
        if environment not in judged and not nothing_collected(run):
            yield f"no check was judged in {environment}"
    if not judged and not run.environments and not nothing_collected(run):
        yield "no check was judged"


def _contradictions(run: Run) -> Iterator[str]:
    # A result that nobody collected, or two of one check, means that the record cannot be trusted to be whole.
    for name, times in Counter(label(result) for result in run.results).items():
        if name not in run.expected_keys:
            yield f"{name} has a result and was never collected"
        if times > 1:
            yield f"{name} has {times} results"


def _blind_spots(mutant: MutantResult) -> Iterator[str]:
    name = f"mutant {mutant.id} in {mutant.environment}"
    for check, kill in mutant.kills.items():
        if kill is Kill.SURVIVED:
            yield f"{name} survived {check}: the check does not see what it is there for"
        elif kill is Kill.ERROR:
            yield f"{name} could not be judged by {check}"
    if not mutant.kills:
        yield f"{name} was judged by no check" + (f": {_first_line(mutant.message)}" if mutant.message else "")
    if not mutant.green_again:
        yield f"{name} was not reverted cleanly" + (f": {_first_line(mutant.message)}" if mutant.message else "")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _sorted(reasons: Iterator[str]) -> list[str]:
    # The order in which results arrive must not show, and a reason is said once.
    return sorted(set(reasons))
