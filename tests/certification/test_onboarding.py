"""Tenants that came in another way than by the fleet's base, and a fleet that came as an artifact: the same verdict."""

from pathlib import Path
from typing import Any

import pytest

from conformance.model import Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

CHECKS = ("B01", "C13", "C21", "D05", "F01", "H01", "H04", "H06", "H07", "H11", "H12", "I01", "I07")
"""One of each kind of what a tenant gets, and all that bring tenants in or take them out."""
WAYS = {
    "command": ("--onboarding", "command"),
    "resourceset": ("--bootstrap", "operator", "--onboarding", "resourceset"),
    "artifact": ("--bootstrap", "operator", "--sync", "oci"),
}


@pytest.fixture(scope="module", params=WAYS)
def certified(request: pytest.FixtureRequest, started: Any) -> tuple[str, int, ConformanceReport]:
    code, folder = started("run", "staging", *WAYS[request.param], "-k", " or ".join(CHECKS))
    assert isinstance(folder, Path)
    return request.param, code, load_report(folder)


def test_every_check_of_a_tenant_holds(certified: tuple[str, int, ConformanceReport]) -> None:
    _, code, certificate = certified
    assert [(row.key, row.message) for row in certificate.results if row.result is not Outcome.PASSED] == []
    assert {row.id for row in certificate.results} == set(CHECKS)
    assert (certificate.verdict, code) == (Verdict.CONFORMANT, 0)


def test_the_report_says_how_the_tenants_came(certified: tuple[str, int, ConformanceReport]) -> None:
    way, _, certificate = certified
    said = {
        "command": "by `flux create tenant`, with credentials encrypted in Git",
        "resourceset": "by a copy of its ResourceSet, with credentials encrypted in Git",
        "artifact": "FluxInstance: spec.sync.kind is OCIRepository",
    }
    assert [note for note in certificate.notes if said[way] in note]
