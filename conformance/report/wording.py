"""The words that every form of the report shares, so that a failure reads the same on a terminal and in a browser."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor

from conformance.errors import AUDIT_ROLE, PROBE_ROLE, RIGHTS
from conformance.model import Capability, Fidelity, Kill, Level, Mode, Outcome, Verdict
from conformance.report.schema import ConformanceReport, MutantRow, ResultRow, TallyRow
from conformance.rows import Expected, rows

AREAS: Mapping[str, str] = {
    "A": "Platform lockdown",
    "B": "Admission policies",
    "C": "Tenant RBAC and impersonation",
    "D": "Namespace guardrails",
    "E": "Network",
    "F": "Cross-tenant references",
    "G": "Build inputs",
    "H": "Bootstrap order and behaviour",
    "I": "Secrets",
    "J": "Advisories",
}
"""The catalogue's sections by the first letter of a check's id."""

LIMIT_OPEN = "documented limit still open"
LIMIT_CLOSED = "documented limit closed: review the row"
LIMIT_NOT_SEEN = "documented limit, not looked at"
SIMULATED = "computed from the live policies, no packet was sent"
NOT_A_FINDING = "ERROR (not a finding):"

NEEDED: Mapping[str, str] = {
    Capability.DRY_RUNS: "requests of a tenant of the suite's, which a probe sends as dry-runs",
    Capability.SUBMISSIONS: "objects of a tenant that are really there",
    Capability.REPOSITORIES: "repositories that the suite serves",
    Capability.FLUX_PROCESSES: "the controllers' processes and logs",
    Capability.NODES: "Pods of the suite",
    Capability.FLUX_OPERATOR: "the Flux Operator, which is not there",
}
"""What an audit or a probe has not, in the words of who reads its report."""

_JUDGED = frozenset({Outcome.PASSED, Outcome.FAILED})

SHOWN_BESIDE = frozenset({"statement", "level", "in", "spec", "source"})
"""Parts of an explanation that each result of the check has anyway."""

VERDICTS: Mapping[Verdict, str] = {
    Verdict.CONFORMANT: "Every judged check passed.",
    Verdict.NON_CONFORMANT: "At least one isolation property does not hold.",
    Verdict.INCONCLUSIVE: "The suite could not judge everything; this is not a finding, and not a pass.",
}

SYMBOLS: Mapping[str, str] = {
    "passed": "✓",
    "simulated": "≈",
    "failed": "✗",
    "error": "!",
    "skipped": "–",
    "unsupported": "∅",
    "limit-open": "◦",
    "limit-closed": "◆",
    "killed": "✓",
    "survived": "✗",
    "stayed": "·",
    "false-kill": "✗",
}


def reading(check_id: str, level: Level, outcome: Outcome, *, judged: bool, fidelity: Fidelity = Fidelity.REAL) -> str:
    """Say what a result means: a documented limit that `failed` is no finding, and a simulated one was not seen."""
    if fidelity is Fidelity.SIMULATED:
        return f"{reading(check_id, level, outcome, judged=judged)}; {SIMULATED}"
    if level is Level.PROVISIONAL:
        if _known_to_hold(check_id) and outcome is Outcome.PASSED:
            return "the property holds; reported, never judged"
        return {Outcome.FAILED: LIMIT_OPEN, Outcome.PASSED: LIMIT_CLOSED}.get(outcome, LIMIT_NOT_SEEN)
    said = {
        Outcome.PASSED: "the property holds",
        Outcome.FAILED: "the property does not hold",
        Outcome.ERROR: "not judged: a breakdown, not a finding",
        Outcome.SKIPPED: "not judged: skipped",
        Outcome.UNSUPPORTED: "not judged: the provider cannot show it",
    }[outcome]
    return said if judged else f"{said} (level {level} is outside the profile)"


def state(row: ResultRow) -> str:
    """Return the one word that a result is coloured by; a documented limit has its own two."""
    if row.level is Level.PROVISIONAL and row.result is Outcome.FAILED:
        return "limit-open"
    if row.level is Level.PROVISIONAL and row.result is Outcome.PASSED and not _known_to_hold(row.id):
        return "limit-closed"
    if row.fidelity is Fidelity.SIMULATED and row.result is Outcome.PASSED:
        return "simulated"
    return row.result.value


def _known_to_hold(check_id: str) -> bool:
    """Whether a property holds on the published architecture, or where a fleet chose so: then no limit has gone."""
    row = rows().get(check_id)
    return row is not None and row.expected in (Expected.HOLDS, Expected.CHOICE)


def area(row: ResultRow) -> str:
    """Return the letter of the catalogue's section."""
    return row.id[:1]


def is_finding(row: ResultRow) -> bool:
    """Whether this result alone makes the verdict non-conformant."""
    return row.judged and row.result is Outcome.FAILED


def is_breakdown(row: ResultRow) -> bool:
    """Whether the check broke down, whatever its level."""
    return row.result is Outcome.ERROR


def evidence_folder(row: ResultRow) -> str:
    """Return the folder of a result's evidence, with a slash at its end; empty if there is none."""
    return row.evidence[0].path.rpartition("/")[0] + "/" if row.evidence else ""


def details(row: ResultRow) -> list[tuple[str, str]]:
    """Return the labelled lines below a failure, in their fixed order; empty ones are left out."""
    lines = [
        ("wanted", row.wanted),
        ("observed", row.observed),
        ("control", row.control_state or row.control),
        ("evidence", evidence_folder(row)),
        ("rerun", row.rerun),
    ]
    return [(name, text) for name, text in lines if text]


def headline(row: ResultRow) -> str:
    """Return the first line of a failure or a breakdown, and what follows it in the message."""
    said = row.message or row.statement
    if row.result is Outcome.ERROR:
        return f"{NOT_A_FINDING} {row.key}, layer {row.layer or 'engine'}: {said}"
    word = row.result.value.upper() if row.judged or row.result is not Outcome.FAILED else "failed (not judged)"
    return f"{row.key} {word}  {said}"


def failure_block(row: ResultRow) -> str:
    """Return a failure as design.md words it: what, wanted, observed, control, evidence, rerun."""
    first, *more = headline(row).splitlines()
    lines = [first, *(f"  {line.strip()}" for line in more if line.strip())]
    for name, text in details(row):
        head, *rest = text.splitlines()
        lines.append(f"  {name:<9} {head}")
        lines.extend(f"  {'':<9} {line}" for line in rest)
    return "\n".join(lines)


def mutant_line(row: MutantRow) -> str:
    """Return one line on a mutant that was not killed, or not reverted."""
    survived = [key for key, kill in row.kills.items() if kill is Kill.SURVIVED]
    unsure = [key for key, kill in row.kills.items() if kill is Kill.ERROR]
    said = [f"survived {', '.join(survived)}"] if survived else []
    said += [f"not judged by {', '.join(unsure)}"] if unsure else []
    said += [] if row.kills else ["judged by no check"]
    said += [] if row.green_again else ["not reverted cleanly"]
    false = false_kills(row)
    said += [f"false kills: {', '.join(false)}"] if false else []
    return f"{row.id} in {row.environment}: {'; '.join(said) or 'killed'}"


def false_kills(row: MutantRow) -> list[str]:
    """Return the bystanders that did not stay green under a mutant that they do not claim."""
    said = {Kill.KILLED: "", Kill.ERROR: " (not judged)"}
    return [f"{key}{said[kill]}" for key, kill in row.bystanders.items() if kill in said]


def mutation(report: ConformanceReport) -> list[tuple[str, str]]:
    """Return score and precision, in words and numbers; a bystander that broke down did not stay green either."""
    seen = report.summary.mutants
    lines = [("score", f"{seen.killed} of {seen.total} mutants killed ({share(seen.killed, seen.total)})")]
    if seen.bystanders:
        green = f"{seen.stayed_green} of {seen.bystanders} bystanders stayed green"
        lines.append(("precision", f"{green} ({share(seen.stayed_green, seen.bystanders)})"))
    return lines


def planes(report: ConformanceReport) -> str:
    """Return on how many planes the denials were seen; empty where there was none."""
    seen = report.summary.denials
    two = f"{seen.on_two} on two planes or more ({share(seen.on_two, seen.total)})"
    three = f"{seen.on_three} on three ({share(seen.on_three, seen.total)})"
    return f"of {seen.total} denials {two}, {three}" if seen.total else ""


def rounds(report: ConformanceReport) -> list[str]:
    """Return how steady the checks were where they were repeated, then a line for each that was not."""
    known = report.tallies
    if not known:
        return []
    unsteady = [row for row in known if row.flips]
    clean = [row.upper_bound for row in known if not row.failed + row.errors]
    said = f"{max(row.rounds for row in known)} rounds: {len(known) - len(unsteady)} of {len(known)} checks steady"
    if clean:
        said += f"; one that always passed fails in at most {_at_most(max(clean))} of rounds (95 % confidence)"
    return [said, *(_unsteady(row) for row in unsteady)]


def _at_most(rate: float) -> str:
    return f"{ceil(round(rate * 1000, 6)) / 10:g} %"


def _unsteady(row: TallyRow) -> str:
    passed = row.rounds - row.failed - row.errors
    counts = f"{passed} passed, {row.failed} failed, {row.errors} not judged"
    most = _at_most(row.upper_bound)
    return f"{row.key} in {row.environment}: of {row.rounds} rounds {counts}; up to {most} may not pass"


def qualified(report: ConformanceReport) -> str:
    """Return the verdict as it may be quoted: with what it does not speak for."""
    kinds = [str(report.environment.mode)] if report.environment.mode else []
    kinds += ["provisional"] if report.judgement.provisional else []
    return f"{report.verdict} ({', '.join(kinds)})" if kinds else str(report.verdict)


def scope(report: ConformanceReport) -> list[tuple[str, str]]:
    """Return what was not seen in this run: results that were computed, and checks beyond its platform."""
    computed = [row for row in report.results if row.fidelity is Fidelity.SIMULATED]
    lines = []
    if computed:
        ids = ", ".join(sorted({row.id for row in computed}))
        lines.append(("simulated", f"{len(computed)} results ({ids}) {SIMULATED}; only nodes show that it is enforced"))
    if report.environment.mode is not None:
        judged = sorted({row.id for row in report.results if row.result in _JUDGED})
        done = "read" if report.environment.mode is Mode.AUDIT else "judged"
        seen = (done, f"{len(judged)} checks: {', '.join(judged)}")
        return [seen, *lines, *_lacking(done, report), *_not_judged(done, report.beyond)]
    where = f"provider {report.environment.provider} with bootstrap {report.environment.bootstrap}"
    return lines + [("beyond", f"{check} needs {what}, which {where} has not") for check, what in report.beyond.items()]


def _not_judged(done: str, beyond: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the checks that an audit or a probe did not judge, by what they need."""
    said = [(check, ", ".join(NEEDED.get(one, one) for one in what.split(", "))) for check, what in beyond.items()]
    by_need = dict.fromkeys(need for _, need in said)
    groups = {need: [check for check, its in said if its == need] for need in by_need}
    return [
        (f"not {done}", f"{len(checks)} {_needs(checks)} {need}: {', '.join(checks)}")
        for need, checks in groups.items()
    ]


def _lacking(done: str, report: ConformanceReport) -> list[tuple[str, str]]:
    """Return the rows for which a right was missing, by that right, and how to grant it."""
    role = AUDIT_ROLE if report.environment.mode is Mode.AUDIT else f"{AUDIT_ROLE}; {PROBE_ROLE}"
    by_right: dict[str, list[str]] = {}
    for row in report.results:
        if row.result is Outcome.ERROR and row.layer == RIGHTS:
            by_right.setdefault(row.wanted, []).append(row.key)
    return [
        (f"not {done}", f"{len(keys)} {_needs(keys)} {wanted}, which is missing: {', '.join(keys)} (grant it: {role})")
        for wanted, keys in by_right.items()
    ]


def _needs(checks: Sequence[str]) -> str:
    return "needs" if len(checks) == 1 else "need"


def closed(report: ConformanceReport) -> list[str]:
    """Return a line for each documented limit that is gone: Flux has changed, and somebody must look."""
    return [
        f"{row.key} in {row.environment}: {LIMIT_CLOSED} ({row.statement})"
        for row in limits(report)
        if state(row) == "limit-closed"
    ]


def share(part: int, whole: int) -> str:
    """Return a share in percent, rounded down: 99.96 % is not all."""
    return f"{floor(part * 1000 / whole) / 10:g} %" if whole else "–"


def outside(report: ConformanceReport) -> list[str]:
    """Return a line for each property that does not hold and that the profile does not judge: never left unsaid."""
    return [
        f"{row.key} in {row.environment} failed: {(row.message or row.statement).partition(chr(10))[0]} "
        f"(level {row.level}, profile {report.profile.name})"
        for row in report.results
        if row.result is Outcome.FAILED and not row.judged and row.level is not Level.PROVISIONAL
    ]


def limits(report: ConformanceReport) -> Sequence[ResultRow]:
    """Return the results of documented limits."""
    return [row for row in report.results if row.level is Level.PROVISIONAL]


def together(said: Iterable[tuple[str, str]]) -> list[str]:
    """Return each text once, with all who say it before it; given as who and what."""
    by_text: dict[str, list[str]] = {}
    for name, text in said:
        by_text.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in by_text.items()]


def seconds(value: float) -> str:
    """Return a duration with its unit: `0.42 s`, `12.3 s`, `3 min 05 s`."""
    if value < 10:  # noqa: PLR2004 - two digits after the point where they say something
        return f"{value:.2f} s"
    if value < 60:  # noqa: PLR2004 - a minute
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"
