"""Factories of runs, results and mutants, and one run that has something of everything."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from conformance.model import (
    BinaryOrigin,
    Environment,
    Evidence,
    Form,
    Kill,
    Level,
    MutantResult,
    Outcome,
    Part,
    Phase,
    Profile,
    Result,
    Run,
    Tally,
)

STAGING, PRODUCTION = Environment.STAGING, Environment.PRODUCTION


def result_of(check: str = "F01", outcome: Outcome = Outcome.PASSED, **fields: Any) -> Result:
    known: dict[str, Any] = {
        "statement": "a tenant cannot reconcile from another tenant's GitRepository",
        "level": Level.CORE,
        "environment": STAGING,
        "duration_s": 1.25,
        "control": "no-cross-namespace-refs",
        "rerun": f"flux-tenancy run --environment staging -k {check} --flux-keep",
    }
    return Result(id=check, outcome=outcome, **{**known, **fields})


def mutant_of(name: str = "refs-allowed", kills: dict[str, Kill] | None = None, **fields: Any) -> MutantResult:
    known: dict[str, Any] = {
        "description": "--no-cross-namespace-refs is removed",
        "environment": STAGING,
        "duration_s": 4.0,
        "green_again": True,
    }
    return MutantResult(id=name, kills={"F01": Kill.KILLED} if kills is None else kills, **{**known, **fields})


def tally_of(key: str = "A01", **fields: Any) -> Tally:
    known: dict[str, Any] = {"rounds": 20, "failed": 0, "errors": 0, "upper_bound": 0.1391}
    return Tally(key=key, environment=STAGING, **{**known, **fields})


def run_of(results: Sequence[Result] = (), **fields: Any) -> Run:
    known: dict[str, Any] = {
        "run_id": "r-1",
        "started": "2026-11-02T10:00:00Z",
        "profile": Profile.HARDENED,
        "flux_version": "2.9.2",
        "provider": "embedded",
        "bootstrap": "cli",
        "kubernetes_version": "v1.36.3",
        "environments": (STAGING,),
        "fleet": "reference",
        "fleet_commits": {},
        "address_map": {},
        "argument_changes": (),
        "lockdown": {},
        "binaries": (),
        "phases": (),
        "expected_keys": frozenset(f"{r.environment}/{r.key}" for r in results),
    }
    return Run(results=tuple(results), **{**known, **fields})


def failed_f01(**fields: Any) -> Result:
    known: dict[str, Any] = {
        "message": "shared-a/Kustomization/f01-foreign was not denied within 60 s",
        "wanted": "Ready=False  reason=AccessDenied",
        "observed": 'Ready=True   reason=ReconciliationSucceeded  "Applied revision: main@sha1:1f2e…"  generation 1/1',
        "control_state": "--no-cross-namespace-refs=true: absent from kustomize-controller's live arguments",
        "evidence": (
            Evidence(path="evidence/staging/F01/01-conditions.yaml", sha256="ab" * 32, kind="conditions"),
            Evidence(path="evidence/staging/F01/02-harm.yaml", sha256="cd" * 32, kind="harm"),
        ),
        "spec": "https://fluxcd.io/flux/installation/configuration/multitenancy/",
    }
    return result_of("F01", Outcome.FAILED, **{**known, **fields})


def broken_c03(**fields: Any) -> Result:
    known: dict[str, Any] = {
        "parameter": "ClusterRole",
        "statement": "a tenant cannot apply cluster-scoped objects",
        "control": "impersonation",
        "message": "shared-a/Kustomization/c03 was refused for another reason within 90 s\n  observed  nothing",
        "layer": "wait",
    }
    return result_of("C03", Outcome.ERROR, **{**known, **fields})


def everything() -> Run:
    results = [
        failed_f01(),
        result_of("F01", environment=PRODUCTION),
        broken_c03(),
        result_of("A01", level=Level.HARDENED, statement="the controllers refuse <script>alert(1)</script>"),
        result_of("B24", Outcome.SKIPPED, message="not today"),
        result_of("E01", Outcome.UNSUPPORTED, layer="provider"),
        result_of("G02", Outcome.FAILED, level=Level.PROVISIONAL, message="the remote file was fetched"),
        result_of("J11", level=Level.PROVISIONAL, environment=PRODUCTION),
    ]
    return run_of(
        results,
        environments=(STAGING, PRODUCTION),
        fleet_commits={"staging": "1f2e3d", "production": "4c5b6a"},
        address_map={"https://git.example.com/fleet": "http://127.0.0.1:4711/fleet"},
        argument_changes=("--events-addr: the Service name does not resolve on the host",),
        lockdown={"staging": {"prune": "true"}, "production": {"prune": "true"}},
        lockdown_wanted={"prune": "set spec.prune: true"},
        binaries=(binary("kustomize-controller"), binary("kubectl", substituted=("example.com/fork",))),
        phases=(Phase(name="control plane", environment="staging", seconds=3.1),),
        mutants=(
            mutant_of(),
            mutant_of("policy-audited", {"B24": Kill.SURVIVED, "B01": Kill.KILLED}),
            mutant_of("half", {"C03[ClusterRole]": Kill.ERROR}, green_again=False, message="policy stayed in Audit"),
            mutant_of("wide", {"F01": Kill.KILLED}, bystanders={"A01": Kill.SURVIVED, "H06": Kill.KILLED}),
        ),
        tallies=(tally_of(), tally_of("F01", failed=2, upper_bound=0.2826)),
        explanations={
            "F01": (
                Part(name="statement", text="said above"),
                Part(name="why", text="a private repository would be an open book"),
                Part(name="lines", text="patches:\n  - target: <Deployment>", form=Form.YAML),
            )
        },
        breakdowns=("provider: etcd ended with code 1",),
        expected_keys=frozenset({*(f"{r.environment}/{r.key}" for r in results), "staging/H01"}),
        catalog=frozenset({"staging/F01", "staging/A01", "staging/D02"}),
        notes=("kept for a look",),
    )


def binary(tool: str, substituted: Sequence[str] = ()) -> BinaryOrigin:
    return BinaryOrigin(
        tool=tool,
        module=f"github.com/fluxcd/{tool}",
        version="v1.9.2",
        go_version="go1.26.1",
        go_sum_sha256="01" * 32,
        binary_sha256="02" * 32,
        source="build",
        substituted=substituted,
    )


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return run_of


@pytest.fixture(scope="session")
def make_result() -> Callable[..., Result]:
    return result_of


@pytest.fixture(scope="session")
def make_mutant() -> Callable[..., MutantResult]:
    return mutant_of


@pytest.fixture
def f01() -> Result:
    return failed_f01()


@pytest.fixture
def c03() -> Result:
    return broken_c03()


@pytest.fixture
def full_run() -> Run:
    return everything()
