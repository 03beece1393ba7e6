"""Several certifications by one command: a column for each bootstrap route on each provider, one after another.

Each is a process of its own, as a user starts it, with its own report; none knows of the others. After each the
combined report is written anew, so that what ends a later one costs no earlier one its results.
"""

import contextlib
import datetime as dt
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.errors import ConformanceError, InputError, ProcessError
from conformance.fixtures import explain
from conformance.foreground import INTERRUPTED, heeding, run_in_foreground
from conformance.model import EXIT_CODES, ExitCode, Route
from conformance.options import BOOTSTRAPS, OPTIONS, PROVIDERS
from conformance.providers.protocol import EXISTING
from conformance.report.combine import Part, combine, part_of
from conformance.report.combined_schema import CombinedReport
from conformance.report.write import REPORT_FILE, digest_of, load_report, write_report
from conformance.settings import state_dir

BAD_INPUT = 4
"""pytest's exit code of bad input: nothing was started."""
_BROKEN_OFF = frozenset({INTERRUPTED, 3})
"""pytest's exit codes of a run that did not come to its end; its report says so."""
_NOT_STARTED = "it was not started"
_KNOWN = {"--flux-bootstrap": BOOTSTRAPS, "--flux-provider": PROVIDERS}
_FOR_ONE = {
    "--flux-keep": "holds one platform, and this command makes several one after another",
    "--flux-reuse": "takes one cluster, on which one route has been bootstrapped",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One bootstrap route on one provider."""

    bootstrap: str
    provider: str

    def __str__(self) -> str:
        return f"{self.bootstrap} on {self.provider}"

    @property
    def folder(self) -> str:
        """Of its report, below the combined one."""
        return f"{self.bootstrap}-{self.provider}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command over several columns ended."""

    code: int
    """As the process is to end."""
    report: CombinedReport | None
    """None: there is nothing to tell, or it could not be kept; an error was printed."""
    folder: Path


def columns_of(words: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns that command-line words ask for: by `--flux-bootstrap` and `--flux-provider`, comma-separated.

    Raises:
        InputError: one of several is unknown or named twice, or an option is for one platform alone.
    """
    chosen = {name: [part.strip() for part in last(words, name).split(",")] for name in _KNOWN}
    columns = tuple(Column(*both) for both in itertools.product(*chosen.values()))
    if len(columns) > 1:
        for name, values in chosen.items():
            _check(name, values)
        _check_others(words, columns)
    return columns


def last(words: Sequence[str], name: str) -> str:
    """Return the value of an option as pytest would read it: the last one given, else its default."""
    value = next(option.default for option in OPTIONS if option.name == name)
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        if word == name:
            value = following
        elif word.startswith(f"{name}="):
            value = word.partition("=")[2]
    return value


def without(words: Sequence[str], name: str) -> list[str]:
    """Return the words without an option and its value."""
    kept, skip = [], False
    for word in words:
        if not skip and word != name and not word.startswith(f"{name}="):
            kept.append(word)
        skip = word == name and not skip
    return kept


def _check(name: str, values: Sequence[str]) -> None:
    known = _KNOWN[name]
    if EXISTING in values:
        raise InputError(
            f"{name} '{EXISTING}' is one cluster that is there, and this command makes several and compares them",
            hint="take it alone: `flux-tenancy run --provider existing --context NAME`",
        )
    if unknown := [value for value in values if value not in known]:
        raise InputError(f"{name} '{unknown[0]}' is unknown", hint=f"known: {', '.join(known)}")
    if len(set(values)) < len(values):
        raise InputError(f"{name} '{','.join(values)}' names one twice", hint="name each once")


def _check_others(words: Sequence[str], columns: Sequence[Column]) -> None:
    for name, why in _FOR_ONE.items():
        if any(word == name or (word.startswith(name) and word != f"{name}=") for word in words):
            raise InputError(f"{name} {why}", hint="choose one provider and one bootstrap route")
    version = last(words, "--flux-kubernetes-version")
    if version and any(column.provider != "kind" for column in columns):
        raise InputError(
            f"--flux-kubernetes-version '{version}' is for Kind clusters alone, and all columns run on one Kubernetes",
            hint="leave it out, or choose --flux-provider kind",
        )


def report_folder(wanted: str | Path | None, columns: Sequence[Column]) -> Path:
    """Return where the combined report goes; below the wanted folder where an earlier report is in it."""
    now = dt.datetime.now(dt.UTC)
    if not wanted:
        return state_dir() / "reports" / f"combined-{now:%Y%m%dT%H%M%SZ}"
    path = Path(wanted).absolute()
    taken = any((path / name).exists() for name in (REPORT_FILE, "evidence", *(column.folder for column in columns)))
    return path / f"{now:%Y%m%dT%H%M%SZ}" if taken else path


def certify(columns: Sequence[Column], words: Sequence[str], folder: Path, say: Callable[[str], None]) -> Ended:
    """Run every column with the same words, those of `flux-tenancy run`, and keep the combined report in `folder`.

    The most demanding platform goes first: what is missing for it is told before anything was started.
    """
    parts = {
        column: Part(bootstrap=column.bootstrap, provider=column.provider, folder=column.folder, lost=_NOT_STARTED)
        for column in columns
    }
    interrupted = False
    with heeding() as came:
        for number, column in enumerate(sorted(columns, key=_demand, reverse=True)):
            say(f"column {number + 1} of {len(columns)}: {column}")
            began = time.monotonic()
            code, lost = _run(column, words, folder, came)
            if code == BAD_INPUT and not number and not came:
                _forget(folder / column.folder)
                return Ended(code, None, folder)
            parts[column] = _ended(parts[column], folder, code, lost, time.monotonic() - began)
            if not _keep(list(parts.values()), folder, say):
                return Ended(EXIT_CODES[ExitCode.INCONCLUSIVE], None, folder)
            if interrupted := bool(came) or code == INTERRUPTED:
                break
    return _closed(list(parts.values()), folder, interrupted=interrupted)


def _demand(column: Column) -> tuple[int, int]:
    return PROVIDERS.index(column.provider), BOOTSTRAPS.index(column.bootstrap)


def _run(column: Column, words: Sequence[str], folder: Path, came: list[int]) -> tuple[int, str]:
    """Return the exit code of one certification; and, if it did not end by itself, what ended it."""
    own = [f"--flux-provider={column.provider}", f"--flux-bootstrap={column.bootstrap}"]
    # The other route has no chart: an empty value takes away what was given for all, on the command line or in a file.
    own += ["--flux-operator-chart="] if column.bootstrap != Route.OPERATOR else []
    # pytest's rule: the last one counts.
    argv = [sys.executable, "-P", "-m", "conformance", "run", *words, f"--flux-report={folder / column.folder}", *own]
    try:
        return run_in_foreground(argv, came), ""
    except ProcessError as error:
        return -1, error.what


def _ended(part: Part, folder: Path, code: int, lost: str, seconds: float) -> Part:
    """Return a part as its process left it; whatever does not add up is no report."""
    place = folder / part.folder
    part = replace(part, seconds=seconds, lost=lost, nothing_selected=code == EXIT_CODES[ExitCode.NOTHING_COLLECTED])
    if lost:
        return part
    try:
        report = load_report(place) if (place / REPORT_FILE).is_file() else None
    except ConformanceError as error:
        return replace(part, lost=str(error).partition("\n")[0])
    if report is None:
        return replace(part, lost=_WHY.get(code, f"it ended with exit code {code}; its own error stands above"))
    if not _adds_up(code, report.judgement.exit_code):
        said = f"it ended with exit code {code}, and its report says {report.judgement.exit_code}"
        return replace(part, lost=said)
    platform = report.environment
    if (platform.bootstrap, platform.provider) != (part.bootstrap, part.provider):
        return replace(part, lost=f"its report is of {platform.bootstrap} on {platform.provider}")
    return part_of(report, folder=part.folder, sha256=digest_of(place), seconds=seconds)


def _adds_up(code: int, verdict: int) -> bool:
    """Return whether a process that ended so may have left this verdict: what was broken off is not conformant."""
    return code == verdict or (code in _BROKEN_OFF and verdict != EXIT_CODES[ExitCode.CONFORMANT])


_WHY = {
    EXIT_CODES[ExitCode.NOTHING_COLLECTED]: "nothing was selected",
    BAD_INPUT: "its input was refused; its own error stands above",
    INTERRUPTED: "it was interrupted before anything was started",
}


def _keep(parts: Sequence[Part], folder: Path, say: Callable[[str], None]) -> bool:
    if all(part.nothing_selected or part.lost == _NOT_STARTED for part in parts):
        return True  # a mistyped -k leaves nothing behind
    try:
        write_report(folder, combine(parts))
    except ConformanceError as error:
        say(explain(error))
        return False
    return True


def _closed(parts: Sequence[Part], folder: Path, *, interrupted: bool) -> Ended:
    report = combine(parts)
    code = INTERRUPTED if interrupted else report.judgement.exit_code
    kept = (folder / REPORT_FILE).is_file()
    return Ended(code, report if kept else None, folder)


def _forget(place: Path) -> None:
    """Remove the folders that a refused run made, where nothing is in them."""
    for folder in (place, place.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()
