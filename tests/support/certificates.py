"""Releases that are only played: reports with evidence on disk, in which everything volatile is another each time."""

import random
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from conformance import cli
from conformance.certificate.folder import (
    DIGESTS_FILE,
    ENVELOPE_FILE,
    STATEMENT_FILE,
    digests,
    given_by,
    read_certificate,
    stated,
    sums,
)
from conformance.certificate.signing import signed
from conformance.certificate.statement import statement
from conformance.certificate.verify import verify
from conformance.evidence import EvidenceFolder
from conformance.model import BinaryOrigin, Environment, Level, Outcome, Plane, Profile, Result, Run
from conformance.report.write import write_run
from conformance.surface import Class, Entry, Kind, Surface, Waiver
from conformance.timeline import Attack, Fate, Moved, Twin, UpgradeRecord

STAGING = Environment.STAGING
TENANT = "system:serviceaccount:shared-a:flux"
PLATFORM = "system:serviceaccount:flux-system:kustomize-controller"
Edit = Callable[[dict[str, Any]], None]


def nothing(_documents: dict[str, Any]) -> None:
    """Leave the evidence as it is."""


class Weather:
    """What is another in every run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def letters(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choices(alphabet, k=length))

    @property
    def port(self) -> int:
        return self._random.randint(1024, 65535)

    @property
    def uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    @property
    def sha(self) -> str:
        # A digest without any digit is no digest: the odds are 1 in 10^8.
        return self.letters("0123456789abcdef", 39) + "7"

    @property
    def time(self) -> str:
        ints = self._random.randint
        return f"2026-{ints(1, 12):02d}-{ints(1, 28):02d}T{ints(0, 23):02d}:{ints(0, 59):02d}:{ints(0, 59):02d}Z"

    @property
    def pod(self) -> str:
        return f"{self.letters('bcdfghjklmnpqrstvwxz2456789', 9)}-{self.letters('bcdfghjklmnpqrstvwxz2456789', 5)}"

    @property
    def run(self) -> str:
        moment = self._random.randint(10_000_000, 99_999_999)
        return f"{moment}T{self._random.randint(100_000, 999_999)}Z-{self.letters(string.hexdigits.lower()[:16], 6)}"


def documents(check: str, weather: Weather) -> dict[str, Any]:
    """Return what a denial leaves: a condition, an answer, the audit log's entry and the absence."""
    name = check.lower()
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "AccessDenied",
        "observedGeneration": 1,
        "lastTransitionTime": weather.time,
        "message": f"can't access 'GitRepository/{name}' at main@sha1:{weather.sha} by http://127.0.0.1:{weather.port}/x",
    }
    answer = {
        "who": TENANT,
        "request": f"create shared-a/Pod/{name}-{weather.pod}",
        "status": 403,
        "reason": "Forbidden",
        "message": f"denied after {weather.port}ms at {weather.time}: uid {weather.uid} in /tmp/{weather.run}/x",
    }
    audit = {
        "id": weather.uid,
        "at": weather.time,
        "user": TENANT,
        "verb": "create",
        "group": "",
        "resource": "pods",
        "subresource": "",
        "namespace": "shared-a",
        "name": f"{name}-{weather.pod}",
        "code": 403,
    }
    state = {
        "kind": "Kustomization",
        "metadata": {"namespace": "shared-a", "name": f"{name}-foreign", "generation": 1, "uid": weather.uid},
        "spec": {},
        "status": {"conditions": [ready]},
    }
    return {"conditions": state, "answer": answer, "audit": audit, "absence": f"absent since {weather.time}\n"}


def result(root: Path, check: str, weather: Weather, edit: Edit = nothing, folder: str = "", **fields: Any) -> Result:
    """Write the evidence of one check below a report's folder; return its result."""
    known = documents(check, weather)
    edit(known)
    evidence = EvidenceFolder(root, folder or f"evidence/staging/{check}", lambda text: text)
    for named, content in known.items():  # a kind; and after a blank a name, where there is more than one or it counts
        kind, _, name = named.partition(" ")
        evidence.record(kind, name or check, content)
    given: dict[str, Any] = {
        "statement": f"what {check} says holds",
        "level": Level.CORE,
        "environment": STAGING,
        "outcome": Outcome.PASSED,
        "duration_s": 1.0,
        "control": "no-cross-namespace-refs",
        "denial": True,
        "planes": (Plane.CONDITION, Plane.ANSWER, Plane.AUDIT, Plane.ABSENCE),
        "evidence": tuple(evidence.files()),
    }
    return Result(id=check, **{**given, **fields})


def run_of(version: str, results: Sequence[Result], **fields: Any) -> Run:
    origin = BinaryOrigin(
        tool="kustomize-controller",
        module="github.com/fluxcd/kustomize-controller",
        version=f"v{version}",
        go_version="go1.27",
        go_sum_sha256="ab" * 32,
        binary_sha256=version.replace(".", "").rjust(64, "0"),
        source="cache",
    )
    names = frozenset(f"{one.environment}/{one.key}" for one in results)
    given: dict[str, Any] = {
        "run_id": f"run-{version}",
        "started": "2026-11-02T10:00:00Z",
        "profile": Profile.HARDENED,
        "flux_version": version,
        "provider": "embedded",
        "bootstrap": "cli",
        "kubernetes_version": "v1.36.3",
        "environments": (STAGING,),
        "fleet": "reference",
        "fleet_commits": {"staging": version},
        "folders_sha256": {"fleet": "f1" * 32, "tenant": "7e" * 32},
        "address_map": {},
        "argument_changes": (),
        "lockdown": {},
        "binaries": (origin, replace(origin, tool="kube-apiserver", version="v1.36.3")),
        "phases": (),
        "expected_keys": names,
        "catalog": frozenset(name.partition("[")[0] for name in names),
    }
    return Run(results=tuple(results), **{**given, **fields})


def release(root: Path, version: str, seed: int, edits: Mapping[str, Edit | dict[str, Any]], **fields: Any) -> Path:
    """Write the report of a release with one result for each check; an edit changes its evidence, a dict its result."""
    weather, results = Weather(seed), []
    for check, edit in edits.items():
        changed = edit if isinstance(edit, dict) else {}
        results.append(result(root, check, weather, nothing if isinstance(edit, dict) else edit, **changed))
    write_run(root, run_of(version, results, **fields))
    return root


def pair(root: Path, edits: Mapping[str, Edit | dict[str, Any]], seed: int = 1, **fields: Any) -> tuple[Path, Path]:
    """Write two releases that differ in nothing but what the edits change in the later one."""
    before = release(root / "2.9.2", "2.9.2", 2 * seed, dict.fromkeys(edits, nothing))
    return before, release(root / "2.9.5", "2.9.5", 2 * seed + 1, edits, **fields)


def given_pair(root: Path, edits: Mapping[str, Edit | dict[str, Any]], seed: int = 1) -> Any:
    """Return what a certificate is made of, for such a pair."""
    return given_by(*pair(root, edits, seed), NO_SURFACE_LEFT)


def upgraded(root: Path, *, controllers: Sequence[Moved] = (), **fields: Any) -> Path:
    """Write the report of an upgrade in place, under one attack that was denied."""
    attack = Attack(kind="foreign-source", target="a/b/c", at=1.0, judged_at=2.0, fate=Fate.DENIED, said="seen")
    record = UpgradeRecord(
        environment="staging", route="operator", source="2.9.2", target="2.9.5", began=0.0, ended=9.0,
        attacks=[attack], marks=[], twins=[Twin(kind="foreign-source", when="before", works=True, said="")],
        controllers=controllers, tenant_objects=1,
    )  # fmt: skip
    return release(root / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(record,), **fields)


def allowed(known: dict[str, Any]) -> None:
    """Turn the evidence into that of an attack that went through."""
    known["answer"].update(status=200, reason="", message="")
    ready = known["conditions"]["status"]["conditions"][0]
    ready.update(status="True", reason="ReconciliationSucceeded", message="Applied")


FAILED: dict[str, Any] = {
    "outcome": Outcome.FAILED,
    "message": "it went through",
    "denial": False,
    "planes": (),
    "evidence": (),
}
"""What a check says whose control is gone."""


def resealed(folder: Path, made: Path) -> None:
    """Make digests, statement and signature fit what is in the folder: as somebody with the key could."""
    (folder / DIGESTS_FILE).write_bytes(sums(digests(folder)))
    payload = statement(read_certificate(folder), stated(folder))
    (folder / STATEMENT_FILE).write_bytes(payload)
    (folder / ENVELOPE_FILE).write_bytes(signed(payload, made / "own.key"))


RUNNER = CliRunner()


def named(folder: Path, made: Path) -> set[str]:
    return {problem.file for problem in verify(folder, made / "own.pub").problems}


def entry(name: str, *checks: str, waiver: Waiver | None = None, **detail: str) -> Entry:
    origin = "manifest"
    classes = (Class.NAMESPACE,)
    return Entry(id=name, kind=Kind.FIELD, classes=classes, origin=origin, detail=detail, checks=checks, waiver=waiver)


def surface(version: str, *entries: Entry) -> Surface:
    known = entries or (entry("field K:spec.a", "F01"),)
    return Surface(version=version, entries=known, leaves={}, components={}, flags_from={}, sources=("the manifests",))


NO_SURFACE_LEFT = (surface("2.9.2"), surface("2.9.5"))


def call(*words: object) -> Any:
    return RUNNER.invoke(cli.app, [*map(str, words)])


def certified(tmp_path: Path, edit: Any = nothing, *words: object) -> Any:
    before, after = pair(tmp_path, {"F01": edit})
    given = ("--from", "2.9.2", "--to", "2.9.5", "--before", before, "--after", after)
    return call("certify", *given, "--certificate", tmp_path / "c", *words)
