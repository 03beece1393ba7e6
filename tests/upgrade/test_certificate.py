"""The certificate of a real pair of releases, as a user makes it: both are run with every check, compared with each
other and with an upgrade in place, signed and verified."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.certificate.compose import NOT_IN_PLACE
from conformance.certificate.folder import read_certificate
from conformance.certificate.schema import Answer, Certificate, Direction, Limit
from conformance.certificate.signing import new_key
from conformance.model import Verdict
from conformance.report.write import digest_of

BEYOND_SECONDS = 900
"""When it is given up; on two quiet cores it takes four minutes."""
CLOSED = {"J07", "J10[HelmRelease]", "J10[Kustomization]", "J14"}
"""Provisional rows, advisories that 2.9.5 closes."""
NOT_SERVED = (
    "notification-controller v1.9.4",
    "image-reflector-controller v1.2.5",
    "image-automation-controller v1.2.5",
)


def call(request: pytest.FixtureRequest, *words: object) -> int:
    argv = [sys.executable, "-m", "conformance", *map(str, words)]
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return subprocess.run(argv, check=False, timeout=BEYOND_SECONDS).returncode


@pytest.fixture(scope="module")
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, moved: tuple[int, Path]
) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    private, _ = new_key(folder / "own")
    words = ("--from", "2.9.2", "--to", "2.9.5", "--upgrade", moved[1], "--key", private)
    return call(request, "certify", *words, "--certificate", folder / "c"), folder / "c"


@pytest.fixture(scope="module")
def certificate(made: tuple[int, Path]) -> Certificate:
    return read_certificate(made[1])


def test_the_fixed_advisories_are_stricter_and_nothing_else_differs(certificate: Certificate) -> None:
    stricter = {row.key for row in certificate.comparison.of(Direction.STRICTER)}
    assert stricter == CLOSED
    assert {row.key for row in certificate.comparison.limits(Limit.CLOSES)} == stricter
    assert certificate.comparison.counts.keys() == {Direction.STRICTER, Direction.UNCHANGED, Direction.NOT_SHOWN}
    assert (certificate.before.verdict, certificate.after.verdict) == (Verdict.CONFORMANT, Verdict.CONFORMANT)


def test_what_another_release_lent_shows_nothing(certificate: Certificate) -> None:
    # J08 was seen through notification-controller, and that was the one of the release before.
    shown = certificate.comparison.counts
    assert "J08" in {row.key for row in certificate.comparison.of(Direction.NOT_SHOWN)}
    assert shown[Direction.UNCHANGED] > 9 * shown[Direction.NOT_SHOWN]


def test_the_upgrade_in_place_is_part_of_it(moved: tuple[int, Path], certificate: Certificate) -> None:
    assert certificate.upgrade is not None
    assert (certificate.upgrade.verdict, certificate.upgrade.route) == (Verdict.CONFORMANT, "cli")
    assert (certificate.upgrade.failures, certificate.upgrade.doubts) == ((), ())
    assert certificate.upgrade.report_sha256 == digest_of(moved[1])
    assert certificate.upgrade.attacks > 0
    assert NOT_IN_PLACE not in certificate.provisional_reasons


def test_it_names_what_was_not_of_the_release_and_is_no_yes_for_it(
    made: tuple[int, Path], certificate: Certificate
) -> None:
    said = " ".join(certificate.provisional_reasons)
    assert all(f"{name} could not be had" in said for name in NOT_SERVED)
    assert "source-controller was built with github.com/fluxcd/pkg/artifact" in said
    # Of a controller that is not served, the flags are not known: its surface cannot be compared.
    assert (certificate.may_upgrade, made[0]) == (Answer.INCONCLUSIVE, 10)
    assert certificate.surface is not None
    assert certificate.surface.unmapped == ()
    assert all(reason.startswith("the surface is incomparable") for reason in certificate.reasons)


def test_it_is_verified_offline(request: pytest.FixtureRequest, made: tuple[int, Path]) -> None:
    assert call(request, "verify", made[1], "--key", made[1].parent / "own.pub") == 0
