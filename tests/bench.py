"""Measures whole certifications: phases, checks per second, peak memory. Prints a table of medians; judges nothing.

The runs' own output goes to stderr, the tables to stdout.

Usage: python tests/bench.py [--runs N] [--environment staging] [--bootstrap cli] [--tenants 2,10,50]

With --tenants it measures what a fleet of so many tenants costs, one run each (the reference fleet has two).
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import yaml
from bench_fleet import fleet_of

from conformance.process import processes_of_run
from conformance.settings import state_dir

GOALS_S = {
    "control plane": 5.0,
    "flux bootstrap git": 10.0,
    "flux operator": 30.0,
    "fleet and tenants ready": 15.0,
    "checks": 60.0,
    "teardown": 5.0,
    "whole run": 90.0,
}
MEMORY_GOAL_MIB = 2560.0
MIB = 2**20


def measure(environment: str, report: Path, fleet: Path | None = None, bootstrap: str = "cli") -> dict[str, float]:
    """Run one certification as a process of its own; return seconds by phase, checks per second and peak MiB."""
    before = {path.name for path in runs()}
    started = time.monotonic()
    argv = [sys.executable, "-m", "conformance", "run", "--environment", environment, "--report", str(report)]
    argv += [f"--bootstrap={bootstrap}", *(["--fleet", str(fleet)] if fleet else [])]
    with subprocess.Popen(argv, stdout=sys.stderr) as run:
        peak = 0.0
        while run.poll() is None:
            peak = max(peak, memory(run.pid, before))
            try:
                run.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
    if run.returncode != 0:
        sys.exit(f"a run ended with exit code {run.returncode}: nothing to measure; see {report}")
    document = yaml.safe_load((report / "report.yaml").read_text())
    found = {phase["name"]: float(phase["seconds"]) for phase in document["phases"]}
    found["whole run"] = time.monotonic() - started
    found["checks per second"] = len(document["results"]) / found["checks"]
    found["peak memory, MiB"] = peak / MIB
    return found


def runs() -> list[Path]:
    """Return the folders of runs under way."""
    folder = state_dir() / "runs"
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def memory(pid: int, before: set[str]) -> float:
    """Return the resident bytes of a run: pytest, control plane, controllers, servers."""
    processes = [psutil.Process(pid)] if psutil.pid_exists(pid) else []
    for folder in runs():
        if folder.name not in before:
            processes += processes_of_run(folder.name)
    total = 0.0
    for process in {p.pid: p for p in processes}.values():
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


def print_growth(environment: str, sizes: Sequence[int]) -> None:
    """Measure a fleet of each size; print what each tenant between two sizes adds."""
    found: dict[int, Mapping[str, float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="flux-tenancy-bench-") as folder:
            fleet = fleet_of(size, Path(folder) / "fleet")
            found[size] = measure(environment, Path(folder) / "report", fleet)
        print(f"{size} tenants: {found[size]['whole run']:.1f} s", flush=True)
    steps = list(itertools.pairwise(sizes))
    heads = [f"{size} tenants" for size in sizes] + [f"{a}→{b}, per tenant" for a, b in steps]
    print(f"\nfleets of {environment} on {psutil.cpu_count()} cores, in seconds:\n")
    print(f"| {'phase':24} | " + " | ".join(f"{head:>16}" for head in heads) + " |")
    print(f"|{'-' * 26}|" + "|".join("-" * 18 for _ in heads) + "|")
    for name in found[sizes[0]]:
        cells = [found[size][name] for size in sizes]
        cells += [(found[b][name] - found[a][name]) / (b - a) for a, b in steps]
        print(f"| {name:24} | " + " | ".join(f"{cell:16.2f}" for cell in cells) + " |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--environment", default="staging")
    parser.add_argument("--bootstrap", default="cli")
    parser.add_argument("--tenants", default="", help="sizes of fleets, with commas between")
    options = parser.parse_args()
    if options.tenants:
        print_growth(options.environment, [int(size) for size in options.tenants.split(",")])
        return
    series: dict[str, list[float]] = defaultdict(list)
    for number in range(1, options.runs + 1):
        with tempfile.TemporaryDirectory(prefix="flux-tenancy-bench-") as folder:
            for name, value in measure(options.environment, Path(folder), bootstrap=options.bootstrap).items():
                series[name].append(value)
        print(f"run {number} of {options.runs}: {series['whole run'][-1]:.1f} s", flush=True)
    print(f"\n{options.runs} runs of {options.environment} on {psutil.cpu_count()} cores, in seconds:\n")
    print(f"| {'phase':24} | {'min':>8} | {'median':>8} | {'max':>8} | {'goal':>8} |")
    print(f"|{'-' * 26}|{'-' * 10}|{'-' * 10}|{'-' * 10}|{'-' * 10}|")
    for name, values in series.items():
        goal = MEMORY_GOAL_MIB if name.startswith("peak memory") else GOALS_S.get(name)
        cells = [f"{cell:8.2f}" for cell in (min(values), statistics.median(values), max(values))]
        print(f"| {name:24} | {' | '.join(cells)} | {f'{goal:8.0f}' if goal else ' ' * 8} |")


if __name__ == "__main__":
    main()
