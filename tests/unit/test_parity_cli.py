"""`flux-tenancy parity`: what it runs, when it stops, and what it writes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conformance import cli, parity_cli
from conformance.model import Environment, Level, Outcome, Profile, Result, Run
from conformance.report.write import write_run

RUNNER = CliRunner()
Codes = dict[str, int]


def run_of(provider: str, outcome: Outcome) -> Run:
    result = Result(
        id="F01",
        statement="a tenant stays at home",
        level=Level.CORE,
        environment=Environment.STAGING,
        outcome=outcome,
        duration_s=1.0,
        control="no-cross-namespace-refs",
    )
    return Run(
        run_id=provider,
        started="2026-01-01T00:00:00Z",
        profile=Profile.HARDENED,
        flux_version="2.9.2",
        provider=provider,
        bootstrap="cli",
        kubernetes_version="v1.36.3",
        environments=(Environment.STAGING,),
        fleet="reference",
        fleet_commits={},
        address_map={},
        argument_changes=(),
        lockdown={},
        binaries=(),
        phases=(),
        results=(result,),
        expected_keys=frozenset({"staging/F01"}),
    )


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Return a function that stands in for the certifications: provider -> outcome, or exit code without a report."""

    def stand_in(**ends: Outcome | int) -> list[list[str]]:
        seen: list[list[str]] = []

        def run(argv: Sequence[str]) -> int:
            seen.append(list(argv))
            provider = next(word for word in argv if word.startswith("--flux-provider=")).partition("=")[2]
            folder = Path(next(word for word in argv if word.startswith("--report=")).partition("=")[2])
            end = ends[provider]
            return end if isinstance(end, int) else write_run(folder, run_of(provider, end)).judgement.exit_code

        monkeypatch.setattr(parity_cli, "run_in_foreground", run)
        return seen

    return stand_in


def call(*words: object) -> Any:
    return RUNNER.invoke(cli.app, ["parity", *map(str, words)])


@pytest.mark.parametrize(
    ("kind", "code"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1), (Outcome.ERROR, 10), (Outcome.UNSUPPORTED, 10)]
)
def test_both_are_certified_and_compared(
    tmp_path: Path, started: Callable[..., list[list[str]]], kind: Outcome, code: int
) -> None:
    seen = started(kind=kind, embedded=Outcome.PASSED)
    result = call("--report", tmp_path, "--markdown", tmp_path / "docs" / "parity.md")
    assert result.exit_code == code, result.output
    assert [argv[-1] for argv in seen] == ["--flux-provider=kind", "--flux-provider=embedded"]
    assert (tmp_path / "parity.md").read_text() == (tmp_path / "docs" / "parity.md").read_text()
    assert f"report    {tmp_path / 'parity.md'}" in result.output


def test_both_get_the_same_options(tmp_path: Path, started: Callable[..., list[list[str]]]) -> None:
    seen = started(kind=Outcome.PASSED, embedded=Outcome.PASSED)
    words = ("-e", "all", "-k", "F01 or F05", "--profile", "core", "--version", "2.9.2", "--fleet", "f")
    call("--report", tmp_path, *words, "--", "--flux-timeout-factor=2")
    for argv in seen:
        given = argv[argv.index("run") + 1 :]
        own = {word for word in given if not word.startswith(("--report=", "--flux-provider="))}
        assert own == {
            "--environment=all", "-k", "F01 or F05", "--profile=core", "--version=2.9.2", "--fleet=f", "--",
            "--flux-timeout-factor=2",
        }  # fmt: skip
        assert given.index("--") < given.index("--flux-timeout-factor=2")


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_run_without_a_verdict_ends_it(tmp_path: Path, started: Callable[..., list[list[str]]], code: int) -> None:
    seen = started(kind=code, embedded=Outcome.PASSED)
    assert call("--report", tmp_path).exit_code == code
    assert len(seen) == 1


@pytest.mark.parametrize("code", [0, 1, 10])
def test_a_verdict_without_a_report_is_a_breakdown(
    tmp_path: Path, started: Callable[..., list[list[str]]], code: int
) -> None:
    started(kind=code, embedded=Outcome.PASSED)
    result = call("--report", tmp_path)
    assert f"the certification on kind ended with exit code {code} and left no report.yaml" in str(result.exception)


def test_an_earlier_comparison_is_not_written_over(
    tmp_path: Path, started: Callable[..., list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    started(kind=Outcome.PASSED, embedded=Outcome.PASSED)
    call("--report", tmp_path)
    before = (tmp_path / "kind" / "report.yaml").read_bytes()
    assert call("--report", tmp_path).exit_code == 0
    assert (tmp_path / "kind" / "report.yaml").read_bytes() == before
    assert len(list(tmp_path.glob("*/kind/report.yaml"))) == 1
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    assert call().exit_code == 0
    assert len(list(tmp_path.glob("state/reports/parity-*/parity.md"))) == 1


def test_two_reports_that_are_there_are_compared_and_nothing_is_run(
    tmp_path: Path, started: Callable[..., list[list[str]]]
) -> None:
    seen = started()
    for provider in parity_cli.PROVIDERS:
        write_run(tmp_path / provider, run_of(provider, Outcome.PASSED))
    result = call("--compare", tmp_path / "embedded", tmp_path / "kind" / "report.yaml")
    assert (result.exit_code, seen) == (0, [])
    assert "parity   equal" in result.output
    assert not list(tmp_path.rglob("parity.md"))


def test_reports_that_cannot_be_compared_are_bad_input(tmp_path: Path) -> None:
    write_run(tmp_path, run_of("kind", Outcome.PASSED))
    for other in (tmp_path, tmp_path / "none"):
        result = call("--compare", tmp_path, other)
        assert type(result.exception).__name__ == "InputError"
