"""J06: CVE-2022-39272 stays fixed: an interval that is none is refused.

A stored object whose interval cannot be parsed ends the watch of its kind, and with it the reconciliation of every
tenant. The API's pattern keeps such words out. Numbers too large for a duration are another row, B45.
"""

import pytest

from conformance.api import Answer, Control, Level, Scenario, Subject, check, expect, given

KINDS = {
    "GitRepository": "j06-git",
    "HelmRepository": "j06-helm",
    "OCIRepository": "j06-oci",
    "HelmChart": "j06-chart",
    "Kustomization": "j06-files",
    "HelmRelease": "j06-release",
}


@check(
    "J06",
    level=Level.CORE,
    control=Control.API_PATTERNS,
    kills=["M58-duration-pattern"],
    spec="https://github.com/advisories/GHSA-f4p5-x4vc-mh4v",
    source="catalogue J06; the CRDs' openAPIV3Schema",
    signal='422 "spec.interval in body should match" for "10x", "" and "-5m"; "must be of type string" for 5',
)
@pytest.mark.parametrize("kind", KINDS)
def test_durations(scenario: Scenario, kind: str) -> None:
    good = scenario[f"{kind}/{KINDS[kind]}"]
    given(good.submit(dry_run=True)).is_admitted()

    # Dry runs, of the same object with another interval: a stored one would stop every tenant.
    for word in ("10x", "", "-5m"):
        answer = ask(scenario, good, word)
        expect(answer).is_refused(status=422, message="spec.interval in body should match")
    expect(ask(scenario, good, 5)).is_refused(status=422, message="must be of type string")


def ask(scenario: Scenario, good: Subject, interval: str | int) -> Answer:
    """Ask for an object with another interval, as the platform admin."""
    return scenario.create(good.with_fields({"spec.interval": interval}).manifest, as_tenant="", dry_run=True)
