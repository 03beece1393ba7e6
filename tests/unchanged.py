"""Certifies one Flux release again and again, and compares every two runs as the certificate of an upgrade does.

Nothing changed between them: each difference is a false one. Prints a table, and each difference; exit code 1 if there
is any. The runs' own output goes to stderr.

Usage: python tests/unchanged.py [--runs N] [--environment staging] [--bootstrap cli]
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from conformance.certificate.compare import Reported, compare
from conformance.certificate.schema import Change, Direction
from conformance.report.write import load_report

_ALIKE = frozenset({Direction.UNCHANGED, Direction.NOT_SHOWN})


def certified(environment: str, bootstrap: str, folder: Path) -> Reported:
    """Run one certification as a process of its own."""
    argv = [sys.executable, "-m", "conformance", "run", f"--environment={environment}", f"--report={folder}"]
    ended = subprocess.run([*argv, f"--bootstrap={bootstrap}"], stdout=sys.stderr, check=False)
    if ended.returncode != 0:
        sys.exit(f"a run ended with exit code {ended.returncode}: it is no half of an unchanged pair; see above")
    return Reported(load_report(folder), folder)


def differences(pair: tuple[Reported, Reported], totals: Counter[Direction]) -> Iterator[Change]:
    """Return what differs between two runs; count everything."""
    for row in compare(*pair).rows:
        totals[row.direction] += 1
        if row.direction not in _ALIKE:
            yield row


def main() -> None:
    """Run, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=21, help="one more than pairs of neighbours")
    parser.add_argument("--environment", default="staging")
    parser.add_argument("--bootstrap", default="cli")
    options = parser.parse_args()
    if options.runs < 2:
        parser.error("--runs must be 2 or more: one run has nothing to be compared with")
    totals: Counter[Direction] = Counter()
    false: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="flux-tenancy-unchanged-") as folder:
        runs: list[Reported] = []
        for number in range(1, options.runs + 1):
            started = time.monotonic()
            runs.append(certified(options.environment, options.bootstrap, Path(folder) / str(number)))
            print(f"run {number} of {options.runs}: {time.monotonic() - started:.0f} s", flush=True)
            for earlier, run in enumerate(runs[:-1], 1):
                for row in differences((run, runs[-1]), totals):
                    false[row.key] += 1
                    told = "; ".join(f"{one.aspect}: {one.before} / {one.after}" for one in row.differences)
                    print(f"  runs {earlier} and {number}: {row.key} {row.direction}: {told}", flush=True)
    pairs = len(list(itertools.combinations(runs, 2)))
    print(f"\n{options.runs} runs of {options.environment}, {pairs} pairs, rows of all of them:\n")
    print(f"| {'direction':16} | {'rows':>8} |\n|{'-' * 18}|{'-' * 10}|")
    for direction, count in totals.items():
        print(f"| {direction:16} | {count:8} |")
    for key, count in false.most_common():
        print(f"{key}: {count} false differences")
    sys.exit(1 if false else 0)


if __name__ == "__main__":
    main()
