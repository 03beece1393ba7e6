"""Both releases certified by this command itself: one after the other, each as `flux-tenancy run` does it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from conformance.errors import InputError, ProviderError
from conformance.foreground import INTERRUPTED, heeding, run_in_foreground
from conformance.model import EXIT_CODES, ExitCode
from conformance.report.write import REPORT_FILE, load_report

_JUDGED = frozenset(EXIT_CODES[code] for code in (ExitCode.CONFORMANT, ExitCode.NON_CONFORMANT, ExitCode.INCONCLUSIVE))
_BAD_INPUT = 4


class Interrupted(Exception):  # noqa: N818 - no error: somebody wanted the end
    """Ctrl-C, or a signal that means the same."""


def run_both(
    versions: Sequence[str],
    words: Sequence[str],
    folder: Path,
    say: Callable[[str], None],
    own: Mapping[str, Sequence[str]],
) -> list[Path]:
    """Certify each release with the same words, those of `flux-tenancy run`; return the folders of their reports.

    `own` has the words that one release needs beside them.

    Raises:
        InputError: a run refused its input.
        ProviderError: a run left no report, or another one than its exit code says.
        ProcessError: a run cannot be started, or somebody killed it.
        Interrupted: somebody ended it.
    """
    found = []
    with heeding() as came:
        for number, version in enumerate(versions):
            say(f"release {number + 1} of {len(versions)}: Flux {version}")
            place = folder / version
            last = [*own.get(version, ()), f"--flux-version={version}", f"--flux-report={place}"]
            # pytest's rule: the last one counts.
            argv = [sys.executable, "-P", "-m", "conformance", "run", *words, *last]
            code = run_in_foreground(argv, came)
            if came or code == INTERRUPTED:
                raise Interrupted
            _check(place, version, code)
            found.append(place)
    return found


def _check(place: Path, version: str, code: int) -> None:
    """Refuse a run without a report of its own."""
    if code == _BAD_INPUT:
        raise InputError(f"the run of Flux {version} refused its input", hint="its own error stands above")
    if code not in _JUDGED or not (place / REPORT_FILE).is_file():
        raise ProviderError(
            f"the run of Flux {version} ended with exit code {code} and is no certification",
            hint=f"its own error stands above; `flux-tenancy run --version {version}` does it alone",
        )
    said = load_report(place).judgement.exit_code
    if said != code:
        raise ProviderError(f"the run of Flux {version} ended with exit code {code}, and its report says {said}")
