"""`flux-tenancy parity`: what it runs, when it stops, and what it writes."""

from pathlib import Path
from typing import Any

import pytest
from support.columns import Starting, run_of, started
from typer.testing import CliRunner

from conformance import cli
from conformance.columns import last
from conformance.model import Outcome
from conformance.report.write import write_run

__all__ = ["started"]
RUNNER = CliRunner()


def call(*words: object) -> Any:
    return RUNNER.invoke(cli.app, ["parity", *map(str, words)])


@pytest.mark.parametrize(
    ("kind", "code"), [(Outcome.PASSED, 0), (Outcome.FAILED, 1), (Outcome.ERROR, 10), (Outcome.UNSUPPORTED, 10)]
)
def test_both_providers_are_certified_and_compared(tmp_path: Path, started: Starting, kind: Outcome, code: int) -> None:
    seen = started(cli_kind=kind, cli_embedded=Outcome.PASSED)
    result = call("--report", tmp_path, "--markdown", tmp_path / "docs" / "parity.md")
    assert result.exit_code == code, result.output
    assert [last(argv, "--flux-provider") for argv in seen] == ["kind", "embedded"]
    assert (tmp_path / "parity.md").read_text() == (tmp_path / "docs" / "parity.md").read_text()
    assert f"report    {tmp_path / 'parity.md'}" in result.output


def test_a_finding_in_every_column_is_parity(tmp_path: Path, started: Starting) -> None:
    started(cli_kind=Outcome.FAILED, cli_embedded=Outcome.FAILED)
    assert call("--report", tmp_path).exit_code == 0


def test_routes_are_compared_too(tmp_path: Path, started: Starting) -> None:
    seen = started(cli_embedded=Outcome.PASSED, operator_embedded=Outcome.PASSED)
    result = call("--report", tmp_path, "--bootstrap", "cli,operator", "--provider", "embedded")
    assert (result.exit_code, len(seen)) == (0, 2), result.output
    assert "H17       both bootstrap routes get the same verdicts: equal" in result.output


def test_all_columns_get_the_same_options(tmp_path: Path, started: Starting) -> None:
    seen = started(cli_kind=Outcome.PASSED, cli_embedded=Outcome.PASSED)
    words = ("-e", "all", "-k", "F01 or F05", "--profile", "core", "--version", "2.9.2", "--fleet", "f")
    call("--report", tmp_path, *words, "--", "--flux-timeout-factor=2")
    for argv in seen:
        given = argv[argv.index("run") + 1 :]
        assert given[:4] == ["--environment=all", "-k", "F01 or F05", "--"]
        assert {"--flux-profile=core", "--flux-version=2.9.2", "--flux-fleet=f", "--flux-timeout-factor=2"} < set(given)


def test_one_platform_has_nothing_to_be_compared_with(started: Starting) -> None:
    seen = started()
    result = call("--provider", "kind")
    assert "cli on kind alone has nothing to be compared with" in str(result.exception)
    assert seen == []


@pytest.mark.parametrize(("code", "started_runs"), [(2, 1), (4, 1), (5, 2)])
def test_without_a_comparison_it_ends_as_its_runs_did(
    tmp_path: Path, started: Starting, code: int, started_runs: int
) -> None:
    seen = started(cli_kind=code, cli_embedded=code)
    assert call("--report", tmp_path).exit_code == code
    assert len(seen) == started_runs
    assert not (tmp_path / "parity.md").exists()


@pytest.mark.parametrize("code", [0, 1, 3, 10])
def test_a_verdict_without_a_report_is_no_parity(tmp_path: Path, started: Starting, code: int) -> None:
    started(cli_kind=code, cli_embedded=Outcome.PASSED)
    result = call("--report", tmp_path)
    assert result.exit_code == 10
    assert f"kind: it ended with exit code {code}; its own error stands above" in result.output


def test_reports_that_are_there_are_compared_and_nothing_is_run(tmp_path: Path, started: Starting) -> None:
    seen = started()
    for column in ("cli-embedded", "cli-kind", "operator-kind"):
        write_run(tmp_path / column, run_of(column, Outcome.PASSED))
    first, second, third = tmp_path / "cli-embedded", tmp_path / "cli-kind" / "report.yaml", tmp_path / "operator-kind"
    result = call("--compare", first, second)
    assert (result.exit_code, seen) == (0, [])
    assert "parity   equal" in result.output
    assert not list(tmp_path.rglob("parity.md"))
    result = call("--compare", first, "--markdown", tmp_path / "p.md", second, third)
    assert (result.exit_code, seen) == (0, [])
    assert "| cli on embedded | cli on kind | operator on kind |" in (tmp_path / "p.md").read_text()


def test_reports_that_cannot_be_compared_are_bad_input(tmp_path: Path) -> None:
    write_run(tmp_path, run_of("cli-kind", Outcome.PASSED))
    for others in ([tmp_path], [tmp_path / "none"], []):
        result = call("--compare", tmp_path, *others)
        assert type(result.exception).__name__ == "InputError"
