"""The bootstrap by the Flux Operator on a real node: the operator and what it makes run as Pods."""

from pathlib import Path
from typing import Any

import pytest

from conformance import catalog
from conformance.bootstrap.abilities import lacks
from conformance.model import Environment, Level, Outcome, Route, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

STAGING = Environment.STAGING
WANTED = {
    entry.check.id
    for entry in catalog.listed()
    if STAGING in entry.check.environments and not entry.check.needs & lacks("kind", Route.OPERATOR)
}


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    words = ("--provider", "kind", "--bootstrap", "operator")
    return started("run", STAGING, *words, "--", "--flux-timeout-factor=2")


@pytest.fixture(scope="module")
def certificate(certified: tuple[int, Path]) -> ConformanceReport:
    return load_report(certified[1])


def test_the_reference_fleet_is_conformant(certified: tuple[int, Path], certificate: ConformanceReport) -> None:
    judged = [row for row in certificate.results if row.level is not Level.PROVISIONAL]
    assert [(row.key, row.message) for row in judged if not row.judged or row.result is not Outcome.PASSED] == []
    assert certificate.judgement.reasons == ()
    assert certificate.breakdowns == ()
    assert (certificate.verdict, certified[0]) == (Verdict.CONFORMANT, 0)


def test_every_check_of_the_route_was_judged(certificate: ConformanceReport) -> None:
    assert {row.id for row in certificate.results} == WANTED
    assert {"A22", "A23", "J09"} <= WANTED


def test_the_operator_ran_as_a_pod(certificate: ConformanceReport) -> None:
    assert (certificate.environment.bootstrap, certificate.environment.provider) == ("operator", "kind")
    (operator,) = (one for one in certificate.subject.controllers if one.name == "flux-operator")
    assert operator.version == "v0.59.0"
    assert all(row.alike for row in certificate.lockdown_arguments[STAGING])
