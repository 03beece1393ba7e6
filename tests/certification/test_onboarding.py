"""Tenants that came in another way than by the fleet's base, and a fleet that came as an artifact: the same verdict."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from conformance import catalog
from conformance.bootstrap.abilities import lacks
from conformance.model import Environment, Outcome, Route, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

OF_THE_SYNC = ("B01", "C13", "C21", "D05", "F01", "H01", "H04", "H06", "H07", "H11", "H12", "I01", "I07")
"""One of each kind of what a tenant gets, and all that bring tenants in or take them out."""
WAYS = {
    "command": ("--onboarding", "command"),
    # Both at once: the ResourceSet comes by the artifact, and the fleet's own tenants have artifacts as sources.
    "resourceset": ("--bootstrap", "operator", "--sync", "oci", "--onboarding", "resourceset"),
    # The tenants are those of the default way, which other tests judge whole.
    "artifact": ("--bootstrap", "operator", "--sync", "oci", "-k", " or ".join(OF_THE_SYNC)),
}


@pytest.fixture(scope="module", params=WAYS)
def certified(request: pytest.FixtureRequest, started: Any) -> tuple[str, int, ConformanceReport]:
    code, folder = started("run", "staging", *WAYS[request.param])
    assert isinstance(folder, Path)
    return request.param, code, load_report(folder)


def test_every_check_of_a_tenant_holds(certified: tuple[str, int, ConformanceReport]) -> None:
    way, code, certificate = certified
    assert [
        (row.key, row.message) for row in certificate.results if row.judged and row.result is not Outcome.PASSED
    ] == []
    assert {row.id for row in certificate.results} == set(wanted(way))
    assert certificate.summary.missing == ()
    assert (certificate.verdict, code) == (Verdict.CONFORMANT, 0)


def wanted(way: str) -> Iterable[str]:
    """Return the checks that have to be judged: of the ways of onboarding all that the platform can show."""
    if way == "artifact":
        return OF_THE_SYNC
    beyond = lacks("embedded", Route.CLI if way == "command" else Route.OPERATOR)
    checks = [entry.check for entry in catalog.listed() if Environment.STAGING in entry.check.environments]
    return [check.id for check in checks if not check.needs & beyond]


def test_the_report_says_how_the_tenants_came(certified: tuple[str, int, ConformanceReport]) -> None:
    way, _, certificate = certified
    by_artifact = "FluxInstance: spec.sync.kind is OCIRepository"
    said = {
        "command": ["by `flux create tenant`, with credentials encrypted in Git"],
        "resourceset": ["by a copy of its ResourceSet, with credentials encrypted in Git", by_artifact],
        "artifact": [by_artifact],
    }
    assert [text for text in said[way] if not any(text in note for note in certificate.notes)] == []
