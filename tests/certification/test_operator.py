"""The bootstrap by the Flux Operator: the reference fleet gets the same verdict, from the same checks."""

from pathlib import Path
from typing import Any

import pytest

from conformance import catalog
from conformance.bootstrap.abilities import lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.model import Capability, Environment, Kill, Level, Outcome, Route, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

OF_THE_ROUTE = tuple(name for name, mutant in MUTANTS.items() if Capability.FLUX_OPERATOR in mutant.needs)
MUTATED = (*OF_THE_ROUTE, "M01-kustomize", "M02", "M03-helm")
"""Those of this route, and one of each argument that the FluxInstance sets: the others change what no route keeps."""
SUBSTITUTED = "github.com/google/go-containerregistry/pkg/authn/kubernetes"


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    return started("run", "staging", "--bootstrap", "operator")


@pytest.fixture(scope="module")
def mutated(started: Any) -> tuple[int, Path]:
    return started("mutants", "staging", "--bootstrap", "operator", *MUTATED)


@pytest.fixture(scope="module")
def certificate(certified: tuple[int, Path]) -> ConformanceReport:
    return load_report(certified[1])


def test_the_reference_fleet_is_conformant_on_this_route_too(
    certified: tuple[int, Path], certificate: ConformanceReport
) -> None:
    judged = [row for row in certificate.results if row.level is not Level.PROVISIONAL]
    assert [(row.key, row.message) for row in judged if row.result is not Outcome.PASSED] == []
    assert certificate.judgement.reasons == ()
    assert (certificate.verdict, certified[0]) == (Verdict.CONFORMANT, 0)


def test_no_check_was_left_out(certificate: ConformanceReport) -> None:
    checks = [entry.check for entry in catalog.listed() if Environment.STAGING in entry.check.environments]
    wanted = {check.id for check in checks if not check.needs & lacks("embedded", Route.OPERATOR)}
    assert certificate.summary.missing == ()
    assert certificate.suite.not_selected == ()
    assert {row.id for row in certificate.results} == wanted


def test_the_certificate_names_the_route_the_operator_and_what_was_changed(certificate: ConformanceReport) -> None:
    assert certificate.environment.bootstrap == "operator"
    assert all(row.alike for row in certificate.lockdown_arguments["staging"])
    (operator,) = (one for one in certificate.subject.controllers if one.name == "flux-operator")
    assert operator.version == "v0.59.0"
    assert certificate.judgement.provisional
    (reason,) = certificate.judgement.provisional_reasons
    assert SUBSTITUTED in reason
    changes = [line for line in certificate.argument_changes if line.startswith("flux-operator:")]
    assert len(changes) == 5
    assert any("FluxInstance: spec.sync.url is http://127.0.0.1:" in note for note in certificate.notes)


def test_mutants_of_the_fluxinstance_and_the_operator_are_killed(mutated: tuple[int, Path]) -> None:
    report = load_report(mutated[1])
    assert [f"{row.id}: {row.message}" for row in report.mutants if row.result is not Kill.KILLED] == []
    assert {row.id for row in report.mutants} == set(MUTATED)
    assert [row.id for row in report.mutants if not row.green_again] == []
    assert mutated[0] == 0
