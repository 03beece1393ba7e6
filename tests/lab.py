"""A platform that stays, for whoever writes a check: change the check, run it again in a second.

    python tests/lab.py up NAME --probes b10-a,b10-b B10 B11   # holds the platform until Ctrl-C
    python tests/lab.py run NAME B10                           # from another terminal: plant, judge, remove
    python tests/lab.py kill NAME M05-sources B10              # mutate, judge, revert, judge
    python tests/lab.py down NAME

`run` and `kill` read checks, scenarios and mutants anew each time; the rest of the engine is as it was at `up`. Probe
tenants are those that the named checks live in at `up`, and those of `--probes`, and shared-a and shared-b.
`--environment production` gives the other environment, `--provider kind` a cluster with a real node (`--keep` lets it
stay, `--reuse NAME` takes it again); `--bootstrap`, `--sync` and `--onboarding` are those of `run`. `kill` without ids:
all checks that claim the mutant.
"""

import argparse
import contextlib
import dataclasses
import importlib
import io
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from conformance import fixtures, mutation
from conformance.bootstrap import bring_up
from conformance.bootstrap.mutants import platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.fixtures import Session, open_session, probes_of
from conformance.harvest import Job, judge
from conformance.manifests import ground_of
from conformance.model import Environment, Onboarding, Route, Sync
from conformance.plugin import JOB
from conformance.scenario import Scenario
from conformance.settings import PACKAGE_DIR, Settings, cache_dir, state_dir
from conformance.toolchain import Toolchain

_FRESH = ("conformance.bootstrap.changes", "conformance.bootstrap.canaries", "conformance.bootstrap.mutants")
"""What `kill` imports anew."""


class _Grabber:
    """Takes the jobs from pytest's own collection."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Environment, Job]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if isinstance(item, pytest.Function) and JOB in item.stash:
                self.jobs.append((Environment(item.callspec.params["environment"]), item.stash[JOB]))


def _jobs(ids: Sequence[str], environment: Environment, settings: Settings) -> list[Job]:
    """Collect the checks of these ids from files that may have changed; all checks where there is none."""
    ground_of.cache_clear()
    for name in [name for name in sys.modules if name.startswith(("conformance.checks.", "checks.", "test_"))]:
        del sys.modules[name]
    patterns = [f"*/test_{one.lower()}_*.py" for one in ids] or ["*/test_*.py"]
    files = sorted({str(path) for pattern in patterns for path in (PACKAGE_DIR / "checks").glob(pattern)})
    if not files:
        raise SystemExit(f"no check has the id {', '.join(ids)}")
    grabber = _Grabber()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        where = [f"--flux-provider={settings.provider}", f"--flux-bootstrap={settings.bootstrap}"]
        options = ["--collect-only", "-q", "-p", "no:cacheprovider"]
        code = pytest.main([*options, *where, *files], plugins=[grabber])
    if code != pytest.ExitCode.OK:
        raise SystemExit(said.getvalue())
    return [job for env, job in grabber.jobs if env is environment]


def _run(made: Platform, session: Session, ids: Sequence[str]) -> None:
    jobs = _jobs(ids, made.environment, session.settings)
    first = {job.check.id: job for job in jobs}.values()
    mutation.clear(jobs, made)
    planted = {job.check.id: _scenario(job, made) for job in first}
    for scenario in planted.values():
        scenario.plant()
    with ThreadPoolExecutor(24, "lab") as pool:
        beside = [job for job in jobs if not job.check.exclusive]
        for job, (result, error) in zip(
            beside, pool.map(lambda job: judge(job, _twin(job, planted, made)), beside), strict=True
        ):
            _say(job, result, error)
    for job in jobs:
        if job.check.exclusive:
            _say(job, *judge(job, _twin(job, planted, made)))
    mutation.clear(jobs, made)


def _scenario(job: Job, made: Platform) -> Scenario:
    folder = f"evidence/{made.environment}/{job.folder}"
    return Scenario(job.check, job.scenario_file, made, folder=folder, parameter=job.parameter)


def _twin(job: Job, planted: dict[str, Scenario], made: Platform) -> Scenario:
    scenario = _scenario(job, made)
    scenario.planted_at = planted[job.check.id].planted_at
    return scenario


def _say(job: Job, result: object, error: BaseException | None) -> None:
    said = getattr(result, "outcome", "?")
    planes = ", ".join(getattr(result, "planes", ()))
    print(f"{job.key:24} {said!s:8} {getattr(result, 'duration_s', 0):6.2f} s  {planes}")
    if error is not None:
        print("    " + str(error).replace("\n", "\n    "))
        layer = getattr(result, "layer", "")
        if layer in ("check", "engine"):
            traceback.print_exception(error, file=sys.stdout)


def _kill(made: Platform, session: Session, name: str, ids: Sequence[str]) -> None:
    for module in sorted(m for m in sys.modules if m.startswith(_FRESH)):
        if not module.endswith("mutants"):
            importlib.reload(sys.modules[module])
    found = importlib.reload(sys.modules["conformance.bootstrap.mutants"]).MUTANTS
    if name not in found:
        raise SystemExit(f"no mutant '{name}'; known: {', '.join(found)}")
    mutant = found[name]
    with Toolchain(session.settings.flux_version, session.settings.toolchain, cache_dir(), print) as toolchain:
        toolchain.require([*fixtures.CONTROLLERS, *mutant.tools])
        fresh = dataclasses.replace(made, binary=toolchain.path)
        jobs = [job for job in _jobs(ids, made.environment, session.settings) if ids or mutant.id in job.check.kills]
        mutation.clear(jobs, made)
        with platform_held_still(fresh):
            result = mutation.kill(mutant, jobs, fresh)
            red = mutation.not_green(jobs, fresh, mutant.id)
    print(f"{name}: {'KILLED' if result.killed else 'NOT killed'} in {result.duration_s} s; {dict(result.kills)}")
    print(f"green again: {result.green_again and not red}  {result.message}")
    for key, said in red.items():
        print(f"  {key} is not green again: {said}")


def _socket(name: str) -> Path:
    return state_dir() / f"lab-{name}.sock"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        verb, *rest = self.rfile.readline().decode().split()
        lab = cast("_Lab", self.server)
        out = io.TextIOWrapper(self.wfile, encoding="utf-8", line_buffering=True, write_through=True)
        with contextlib.redirect_stdout(out):
            try:
                if verb == "run":
                    _run(lab.made, lab.session, rest)
                elif verb == "kill":
                    _kill(lab.made, lab.session, rest[0], rest[1:])
                else:
                    lab.ended.set()
            except SystemExit as refused:
                print(refused)
            except BaseException:  # noqa: BLE001 - whatever broke, the platform stays
                traceback.print_exc(file=sys.stdout)


class _Lab(socketserver.UnixStreamServer):
    made: Platform
    session: Session
    ended: threading.Event


def _up(name: str, settings: Settings, ids: Sequence[str], probes: Sequence[str]) -> None:
    (environment,) = settings.environments
    session = open_session(settings, lambda line: print(line, flush=True))
    try:
        jobs = _jobs(ids, environment, settings) if ids else []
        wanted = sorted({"shared-a", "shared-b", *probes, *probes_of(jobs)})
        order = session._order(environment, wanted, str(environment))
        with bring_up.running_platform(order) as made:
            _socket(name).unlink(missing_ok=True)
            with _Lab(str(_socket(name)), _Handler) as lab:
                lab.made, lab.session, lab.ended = made, session, threading.Event()
                threading.Thread(target=lab.serve_forever, daemon=True).start()
                print(f"lab {name} is up; KUBECONFIG={made.cluster.kubeconfig}  report {session.report}", flush=True)
                print(f"logs {session.report / 'logs'}", flush=True)
                with contextlib.suppress(KeyboardInterrupt):
                    lab.ended.wait()
                lab.shutdown()
            _socket(name).unlink(missing_ok=True)
    finally:
        session.close()


def _ask(name: str, words: Sequence[str]) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(_socket(name)))
        except OSError as error:
            raise SystemExit(f"lab {name} is not up: {error}") from error
        client.sendall((" ".join(words) + "\n").encode())
        with client.makefile("r", encoding="utf-8") as said:
            for line in said:
                print(line, end="", flush=True)


def main() -> None:
    """Hold a platform, or ask the one that is held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["up", "run", "kill", "down"])
    parser.add_argument("name")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--probes", default="")
    parser.add_argument("--environment", default="staging", type=Environment)
    parser.add_argument("--provider", default="embedded")
    parser.add_argument("--bootstrap", default="cli", type=Route)
    parser.add_argument("--sync", default="git", type=Sync)
    parser.add_argument("--onboarding", default="base", type=Onboarding)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--reuse", default="")
    parser.add_argument("--toolchain", type=Path)
    given = parser.parse_args()
    if given.verb == "up":
        settings = Settings(
            environments=(given.environment,),
            provider=given.provider,
            bootstrap=given.bootstrap,
            sync=given.sync,
            onboarding=given.onboarding,
            keep=given.keep,
            reuse=given.reuse,
            toolchain=given.toolchain,
        )
        _up(given.name, settings, given.words, [p for p in given.probes.split(",") if p])
    else:
        _ask(given.name, [given.verb, *given.words])


if __name__ == "__main__":
    main()
