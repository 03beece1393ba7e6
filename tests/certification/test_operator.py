"""The bootstrap by the Flux Operator: the reference fleet gets the same verdict, from the same checks."""

from pathlib import Path
from typing import Any

import pytest

from conformance import catalog
from conformance.model import Environment, Level, Outcome, Verdict
from conformance.providers.protocol import LACKS
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

SUBSTITUTED = "github.com/google/go-containerregistry/pkg/authn/kubernetes"


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    return started("run", "staging", "--bootstrap", "operator")


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
    wanted = {check.id for check in checks if not check.needs & LACKS["embedded"]}
    assert certificate.summary.missing == ()
    assert certificate.suite.not_selected == ()
    assert {row.id for row in certificate.results} == wanted


def test_the_certificate_names_the_route_the_operator_and_what_was_changed(certificate: ConformanceReport) -> None:
    assert certificate.environment.bootstrap == "operator"
    (operator,) = (one for one in certificate.subject.controllers if one.name == "flux-operator")
    assert operator.version == "v0.59.0"
    assert certificate.judgement.provisional
    (reason,) = certificate.judgement.provisional_reasons
    assert SUBSTITUTED in reason
    changes = [line for line in certificate.argument_changes if line.startswith("flux-operator:")]
    assert len(changes) == 4
    assert any("FluxInstance: spec.sync.url is http://127.0.0.1:" in note for note in certificate.notes)
