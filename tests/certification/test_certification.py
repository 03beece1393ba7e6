"""The main job itself, as a user starts it: both environments certified, and every mutant killed."""

import hashlib
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.untold import untold
from support.without_control import Removed, answered, directions, green_again, removed, reported

from conformance import catalog
from conformance.bootstrap.abilities import lacks
from conformance.bootstrap.mutants import MUTANTS
from conformance.certificate.compare import Reported
from conformance.certificate.schema import Answer, Direction
from conformance.model import Environment, Kill, Level, Outcome, Verdict
from conformance.report.schema import ConformanceReport
from conformance.report.write import load_report

SECRETS = {
    "a token": re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in an address": re.compile(
        # B12 puts an allowed server, with its port, where a user and a password may stand.
        rb"https?://(?!127\.0\.0\.1:\d+@)[^/\s:@\"']+:(?!\*|\[redacted\])[^/\s:@\"']+@"
    ),
    "a credential in a header": re.compile(rb"(?i)authorization:? *(?:basic|bearer) +[A-Za-z0-9+/=_.-]{12,}"),
}
BOTH = frozenset(Environment)
STAGING = Environment.STAGING
CHECKS = [entry.check for entry in catalog.listed() if not entry.check.needs & lacks("embedded")]
RUNNABLE = [mutant for mutant in MUTANTS.values() if not mutant.needs & lacks("embedded")]


@pytest.fixture(scope="module")
def certified(started: Any) -> tuple[int, Path]:
    return started("run", "all")


@pytest.fixture(scope="module")
def mutated(started: Any) -> tuple[int, Path]:
    # One environment: the controls are the same in both, and the time is not.
    return started("mutants", "staging")


@pytest.fixture(scope="module")
def mutated_production(started: Any) -> tuple[int, Path]:
    # What only production has.
    return started("mutants", "production", *(m.id for m in RUNNABLE if STAGING not in m.environments))


@pytest.fixture(scope="module")
def certificate(certified: tuple[int, Path]) -> ConformanceReport:
    return load_report(certified[1])


@pytest.fixture(scope="module")
def matrix(mutated: tuple[int, Path]) -> ConformanceReport:
    return load_report(mutated[1])


@pytest.fixture(scope="module")
def releases(mutated: tuple[int, Path], mutated_production: tuple[int, Path]) -> list[tuple[Reported, Removed]]:
    """Every release without one control, as it was seen, beside the report that it is of."""
    sides = [reported(folder) for _, folder in (mutated, mutated_production)]
    return [(side, one) for side in sides for one in removed(side)]


def secrets_in(folder: Path) -> list[str]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        found += [f"{what} in {path.relative_to(folder)}" for what, sign in SECRETS.items() if sign.search(data)]
    return found


def test_the_reference_fleet_is_conformant(certified: tuple[int, Path], certificate: ConformanceReport) -> None:
    assert certificate.judgement.reasons == ()
    assert certificate.breakdowns == ()
    assert certificate.verdict is Verdict.CONFORMANT
    assert certified[0] == certificate.judgement.exit_code == 0


def test_every_check_of_the_catalog_was_judged_in_each_of_its_environments(certificate: ConformanceReport) -> None:
    assert certificate.summary.missing == ()
    assert certificate.suite.not_selected == ()
    wanted = {(env, check.id) for check in CHECKS for env in check.environments}
    assert {(row.environment, row.id) for row in certificate.results} == wanted
    twice = Counter((row.environment, row.key) for row in certificate.results)
    assert [name for name, count in twice.items() if count > 1] == []
    judged = [row for row in certificate.results if row.level is not Level.PROVISIONAL]
    assert [row.key for row in judged if not row.judged or row.result is not Outcome.PASSED] == []


def test_the_documented_limit_is_reported_and_not_judged(certificate: ConformanceReport) -> None:
    limits = [row for row in certificate.results if row.id == "G02"]
    assert {row.environment for row in limits} == BOTH
    for row in limits:
        assert (row.level, row.judged, row.result) == (Level.PROVISIONAL, False, Outcome.FAILED)


def test_evidence_is_there_with_its_digest(certified: tuple[int, Path], certificate: ConformanceReport) -> None:
    folder = certified[1]
    assert [row.key for row in certificate.results if not row.evidence] == []
    recorded = [file for row in certificate.results for file in row.evidence]
    wrong = [f.path for f in recorded if hashlib.sha256((folder / f.path).read_bytes()).hexdigest() != f.sha256]
    assert wrong == []
    paths = [file.path for file in recorded]
    assert len(set(paths)) == len(paths), "two results share a file"
    written = {str(path.relative_to(folder)) for path in (folder / "evidence").rglob("*") if path.is_file()}
    assert written - set(paths) == set(), "evidence that no result names"


def test_the_certificate_betrays_no_secret(certified: tuple[int, Path]) -> None:
    assert secrets_in(certified[1]) == []


def test_every_form_of_the_report_says_the_same(certified: tuple[int, Path], certificate: ConformanceReport) -> None:
    root = ET.parse(certified[1] / "junit.xml").getroot()
    cases = list(root.iter("testcase"))
    assert len(cases) >= len(certificate.results)
    assert list(root.iter("failure")) == []
    assert list(root.iter("error")) == []
    page = (certified[1] / "report.html").read_text(encoding="utf-8")
    assert "conformant" in page
    assert not re.search(r"""(?:src|href)=["']https?://[^"']+\.(?:js|css|png|woff2?)""", page), "it needs no network"
    raw = yaml.safe_load((certified[1] / "report.yaml").read_text(encoding="utf-8"))
    assert raw["subject"]["fluxVersion"] == "2.9.2"
    assert raw["environment"]["kubernetes"] == "v1.36.3"


def test_the_certificate_says_on_what_it_was_given(certificate: ConformanceReport) -> None:
    assert set(certificate.environment.environments) == BOTH
    assert set(certificate.subject.fleet_commits) == {str(env) for env in BOTH}
    assert {name: len(sha256) for name, sha256 in certificate.subject.folders_sha256.items()} == {
        "fleet": 64,
        "tenant": 64,
    }
    controllers = {controller.name for controller in certificate.subject.controllers}
    assert {"source-controller", "kustomize-controller", "helm-controller"} <= controllers
    assert all(re.fullmatch(r"[0-9a-f]{64}", binary.binary_sha256) for binary in certificate.binaries)
    assert {phase.environment for phase in certificate.phases} >= {str(env) for env in BOTH}
    assert set(certificate.lockdown) == {str(env) for env in BOTH}


def test_every_mutant_is_killed(mutated: tuple[int, Path], matrix: ConformanceReport) -> None:
    assert [f"{m.id} in {m.environment}: {m.message}" for m in matrix.mutants if m.result is not Kill.KILLED] == []
    wanted = {(STAGING, mutant.id) for mutant in RUNNABLE if STAGING in mutant.environments}
    assert {(row.environment, row.id) for row in matrix.mutants} == wanted
    assert matrix.judgement.reasons == ()
    assert mutated[0] == matrix.judgement.exit_code == 0


def test_every_judged_check_kills_each_mutant_that_it_claims(matrix: ConformanceReport) -> None:
    killed = {
        (row.environment, key.partition("[")[0], row.id)
        for row in matrix.mutants
        for key, kill in row.kills.items()
        if kill is Kill.KILLED
    }
    judged = [check for check in CHECKS if check.level is not Level.PROVISIONAL]
    claimed = {
        (STAGING, check.id, name)
        for check in judged
        for name in check.kills
        if STAGING in check.environments & MUTANTS[name].environments and MUTANTS[name] in RUNNABLE
    }
    assert sorted(claimed - killed) == []
    assert {c.id for c in judged if STAGING in c.environments} <= {check_id for _, check_id, _ in killed}


def test_what_production_alone_has_is_killed_there(mutated_production: tuple[int, Path]) -> None:
    report = load_report(mutated_production[1])
    alone = {mutant.id for mutant in RUNNABLE if STAGING not in mutant.environments}
    assert {row.id for row in report.mutants if row.result is Kill.KILLED} == alone
    killers = {key.partition("[")[0] for row in report.mutants for key in row.kills}
    assert {c.id for c in CHECKS if STAGING not in c.environments and c.level is not Level.PROVISIONAL} <= killers
    assert mutated_production[0] == 0


def test_a_release_without_a_control_is_looser_every_time(releases: list[tuple[Reported, Removed]]) -> None:
    assert {one.mutant for _, one in releases} == {mutant.id for mutant in RUNNABLE}
    wrong = []
    for side, one in releases:
        certificate = answered(side, one.before, one.after)
        looser = {key for key, found in directions(certificate).items() if found is Direction.LOOSER}
        named = all(any(reason.startswith(f"{key} in ") for reason in certificate.reasons) for key in one.killers)
        if looser != one.killers or certificate.may_upgrade is not Answer.NO or not named:
            wrong.append(f"{one.mutant}: {certificate.may_upgrade}; looser {sorted(looser)}, red {sorted(one.killers)}")
    assert wrong == []


def test_a_check_that_has_gone_blind_is_looser_by_its_evidence(releases: list[tuple[Reported, Removed]]) -> None:
    """It says that it passed; only what it saw without the control is as it was."""
    missed = {
        (key, one.mutant): direction
        for side, one in releases
        for key, direction in directions(answered(side, one.before, one.blind)).items()
        if key in one.killers and direction is not Direction.LOOSER
    }
    assert sorted(pair for pair, found in missed.items() if found is Direction.UNCHANGED) == [], "nothing tells these"
    assert sorted(set(missed) - untold()) == [], "let the check record what it saw, or say why not in support.untold"
    assert sorted(untold() - set(missed)) == [], "evidence tells these by now: take them out of support.untold"


def test_a_platform_that_is_green_again_is_unchanged(mutated: tuple[int, Path], matrix: ConformanceReport) -> None:
    side = reported(mutated[1])
    clean = {row.key: row for row in side.report.results}
    pairs = [("itself", clean, clean), *green_again(side)]
    killers = {key for row in matrix.mutants for key in row.kills}
    assert killers <= {key for _, _, then in pairs[1:] for key in then}
    differences = [
        f"{row.key} after {mutant} is {row.direction}: {row.differences}"
        for mutant, before, then in pairs
        for row in answered(side, before, then).comparison.rows
        if row.direction is not Direction.UNCHANGED
    ]
    assert differences == []


def test_mutants_turn_no_check_red_that_does_not_claim_them(matrix: ConformanceReport) -> None:
    counts = matrix.summary.mutants
    assert (counts.score, counts.total) == (1.0, len({m.id for m in RUNNABLE if STAGING in m.environments}))
    assert counts.bystanders > counts.total
    assert counts.precision is not None
    assert counts.precision >= 0.98


def test_denials_are_seen_on_independent_planes(certificate: ConformanceReport) -> None:
    denials = certificate.summary.denials
    assert denials.total > 300
    assert denials.on_two / denials.total >= 0.95
    assert denials.on_three / denials.total >= 0.50


def test_only_checks_that_claim_a_mutant_turn_red_under_it(matrix: ConformanceReport) -> None:
    claims = {check.id: set(check.kills) for check in CHECKS}
    strays = [
        f"{key} under {row.id}"
        for row in matrix.mutants
        for key in row.kills
        if row.id not in claims[key.partition("[")[0]]
    ]
    assert strays == []


def test_all_is_green_before_the_first_mutant_and_after_each(matrix: ConformanceReport) -> None:
    assert [row.key for row in matrix.results if row.judged and row.result is not Outcome.PASSED] == []
    assert [row.id for row in matrix.mutants if not row.green_again] == []


def test_the_kill_matrix_betrays_no_secret(mutated: tuple[int, Path]) -> None:
    assert secrets_in(mutated[1]) == []
