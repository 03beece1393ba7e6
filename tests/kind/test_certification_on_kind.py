"""The certification on a real node: what the embedded control plane can only compute is seen here."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance import catalog
from conformance.bootstrap import mutants
from conformance.bootstrap.abilities import lacks
from conformance.model import Environment, Fidelity, Kill, Level, Outcome, Verdict
from conformance.providers.protocol import LACKS
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

STAGING = Environment.STAGING
CHECKS = [
    entry.check
    for entry in catalog.listed()
    if STAGING in entry.check.environments and not entry.check.needs & lacks("kind")
]
NETWORK = {kill for entry in catalog.listed() if entry.check.id.startswith("E") for kill in entry.check.kills}
MUTANTS = [name for name in mutants.MUTANTS if name in NETWORK]
"""Those that a check of the network section is said to kill, also where they lie in other modules."""


SLOWLY = ("--", "--flux-timeout-factor=2")
"""Real Pods share two cores with everything else; what is denied is waited for no longer."""


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    return started("run", STAGING, "--provider", "kind", *SLOWLY)


@pytest.fixture(scope="module")
def certificate(certified: tuple[int, Path]) -> ConformanceReport:
    return load_report(certified[1])


def test_the_reference_fleet_is_conformant(certified: tuple[int, Path], certificate: ConformanceReport) -> None:
    assert certificate.judgement.reasons == ()
    assert certificate.breakdowns == ()
    assert certificate.verdict is Verdict.CONFORMANT
    assert certified[0] == 0


def test_every_check_was_judged_once(certificate: ConformanceReport) -> None:
    assert {row.id for row in certificate.results} == {check.id for check in CHECKS}
    twice = Counter(row.key for row in certificate.results)
    assert [name for name, count in twice.items() if count > 1] == []
    judged = [row for row in certificate.results if row.level is not Level.PROVISIONAL]
    assert [row.key for row in judged if not row.judged or row.result is not Outcome.PASSED] == []


def test_what_needs_nodes_was_seen_on_one(certificate: ConformanceReport) -> None:
    assert [row.key for row in certificate.results if row.fidelity is not Fidelity.REAL] == []
    beyond = {check.id for check in CHECKS if check.needs & LACKS["embedded"]}
    assert beyond <= {row.id for row in certificate.results}
    cells = [cell for row in certificate.results for cell in row.cells]
    assert len(cells) > 30
    assert [cell for cell in cells if not cell.observed] == []


def test_every_network_policy_that_is_removed_or_widened_shows(started: Any) -> None:
    code, folder = started("mutants", STAGING, "--provider", "kind", *MUTANTS)
    found = load_report(folder)
    assert [f"{m.id}: {m.message}" for m in found.mutants if m.result is not Kill.KILLED or not m.green_again] == []
    assert {mutant.id for mutant in found.mutants} == set(MUTANTS)
    assert code == 0
