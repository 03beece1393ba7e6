"""The certificate of a real pair of releases, as a user makes it: both are run, compared, signed and verified."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.certificate.folder import read_certificate
from conformance.certificate.schema import Answer, Certificate, Direction, Limit
from conformance.certificate.signing import new_key
from conformance.model import Verdict

BEYOND_SECONDS = 900
"""When it is given up; on two quiet cores it takes less than two minutes."""
CHECKS = "A01 or B12 or C01 or F01 or J08 or J10"
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
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    private, _ = new_key(folder / "own")
    words = ("--from", "2.9.2", "--to", "2.9.5", "-k", CHECKS, "--key", private, "--certificate", folder / "c")
    return call(request, "certify", *words), folder / "c"


@pytest.fixture(scope="module")
def certificate(made: tuple[int, Path]) -> Certificate:
    return read_certificate(made[1])


def test_the_fixed_advisory_is_stricter_and_nothing_else_differs(certificate: Certificate) -> None:
    stricter = {row.key for row in certificate.comparison.of(Direction.STRICTER)}
    assert stricter == {"J10[HelmRelease]", "J10[Kustomization]"}
    assert {row.key for row in certificate.comparison.limits(Limit.CLOSES)} == stricter
    assert certificate.comparison.counts.keys() == {Direction.STRICTER, Direction.UNCHANGED, Direction.NOT_SHOWN}
    # It was seen through notification-controller, and that was the one of the release before.
    assert [row.key for row in certificate.comparison.of(Direction.NOT_SHOWN)] == ["J08"]
    assert (certificate.before.verdict, certificate.after.verdict) == (Verdict.CONFORMANT, Verdict.CONFORMANT)


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
