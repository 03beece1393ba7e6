"""The console script: what it prints, and with which exit code it ends."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conformance import catalog, catalog_page, cli, options, runs, toolchain_cli
from conformance.bootstrap.mutants import MUTANTS
from conformance.columns import last
from conformance.errors import InputError, ToolchainError
from conformance.model import Environment, Kill, MutantResult, Profile, Run
from conformance.providers.protocol import EXISTING
from conformance.report.schema import ConformanceReport
from conformance.report.write import write_run
from conformance.settings import PACKAGE_DIR, environment
from conformance.toolchain import Toolchain

ENTRIES = catalog.listed()
RUNNER = CliRunner()


def call(*words: str) -> Any:
    return RUNNER.invoke(cli.app, list(words))


@pytest.fixture
def pytest_argv(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Catch what pytest would be started with."""
    seen: list[str] = []
    monkeypatch.setattr(pytest, "main", lambda argv: seen.extend(argv) or 0)
    return seen


def test_a_table_has_a_line_for_each_check() -> None:
    result = call("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [entry.check.id for entry in ENTRIES]
    assert all(entry.check.statement in line for entry, line in zip(ENTRIES, lines[1:], strict=True))


def test_json_is_for_programs() -> None:
    rows = json.loads(call("list", "--format", "json").output)
    assert [row["id"] for row in rows] == [entry.check.id for entry in ENTRIES]
    assert {"id", "level", "statement"} <= set(rows[0])


def test_markdown_is_the_catalog() -> None:
    assert call("list", "--format", "markdown").output == catalog_page.markdown()


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_a_list_can_be_of_one_area(form: str) -> None:
    said = call("list", "--format", form, "--area", "f").output
    assert "F01" in said
    assert "B24 " not in said.partition("## Mutants")[0]


def test_explain_prints_the_check_and_its_scenario() -> None:
    result = call("explain", "f01")
    assert result.exit_code == 0
    assert "F01" in result.output
    assert "kind: Kustomization" in result.output


@pytest.mark.parametrize("words", [("explain", "Z99"), ("list", "--area", "Z"), ("report", "no/such/folder")])
def test_what_is_not_there_is_bad_input(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 4
    assert "ERROR (not a finding): input: " in result.stderr
    assert "  next  " in result.stderr


def test_mutants_are_listed_with_their_killers() -> None:
    lines = call("mutants", "--list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(MUTANTS)
    assert all(line.endswith(")") and not line.endswith("()") for line in lines)


@pytest.mark.parametrize("text", ["", "verdict: conformant\n", "a: [1,\n", "- 1\n"])
def test_a_report_that_is_none_is_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.yaml"
    path.write_text(text)
    for given in (path, tmp_path):
        result = call("report", str(given))
        assert result.exit_code == 4, result.output
        assert str(path) in result.stderr
    assert path.read_text() == text, "it is not written over"


@pytest.fixture
def make_inconclusive() -> Callable[..., ConformanceReport]:
    """Return a function that writes the report of a run that broke down, and had the mutants that it is given."""
    run = Run(
        run_id="r",
        started="2026-01-01T00:00:00Z",
        profile=Profile.HARDENED,
        flux_version="2.9.2",
        provider="embedded",
        bootstrap="cli",
        kubernetes_version="v1.36.3",
        environments=(),
        fleet="reference",
        fleet_commits={},
        address_map={},
        argument_changes=(),
        lockdown={},
        binaries=(),
        phases=(),
        results=(),
        breakdowns=("bootstrap: it broke",),
    )
    return lambda folder, *mutants: write_run(folder, replace(run, mutants=mutants))


def test_a_report_is_rendered_anew_and_its_verdict_is_the_exit_code(
    tmp_path: Path, make_inconclusive: Callable[..., ConformanceReport]
) -> None:
    known = make_inconclusive(tmp_path)
    (tmp_path / "report.html").unlink()
    result = call("report", str(tmp_path))
    assert result.exit_code == known.judgement.exit_code == 10
    assert "ERROR (not a finding): bootstrap: it broke" in result.output
    assert (tmp_path / "report.html").is_file()
    assert "inconclusive" in call("report", "--github", str(tmp_path / "report.yaml")).output


def test_on_github_a_report_becomes_summary_annotations_and_output(
    tmp_path: Path, make_inconclusive: Callable[..., ConformanceReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_inconclusive(tmp_path)
    page, output = tmp_path / "page.md", tmp_path / "output"
    page.write_text("said before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    result = call("report", "--github", "--artifact", "https://example.com/1", str(tmp_path))
    assert result.exit_code == 10
    assert result.output.startswith("::error title=not a finding::ERROR (not a finding): bootstrap: it broke\n")
    assert page.read_text().startswith("said before\n## Tenant isolation of Flux 2.9.2: inconclusive")
    assert "(https://example.com/1)" in page.read_text()
    assert output.read_text() == "verdict=inconclusive\n"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    blocked = call("report", "--github", str(tmp_path))
    assert blocked.exit_code == 4
    assert f"cannot write '{tmp_path}'" in blocked.stderr


def test_a_frugal_build_drops_the_caches_between_what_shares_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[list[str]] = []
    monkeypatch.setenv("FLUX_TENANCY_CACHE", str(tmp_path))
    monkeypatch.setattr(Toolchain, "require", lambda _, tools: built.append(list(tools)))
    monkeypatch.setattr(Toolchain, "path", lambda _, tool: tmp_path / tool)
    monkeypatch.setattr(Toolchain, "close", lambda _: built.append([]))
    tools = ["kubectl", "helm", "kube-apiserver", "source-controller", "source-controller+unguarded"]
    assert call("toolchain", "build", "--frugal", *tools).exit_code == 0
    assert built == [["kubectl", "kube-apiserver"], [], ["helm"], [], tools[3:], []]
    built.clear()
    assert call("toolchain", "build", *tools).exit_code == 0
    assert built == [tools, []]


def test_a_tool_is_run_with_its_own_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(Toolchain, "require", lambda _, tools: seen.extend(tools))
    monkeypatch.setattr(Toolchain, "path", lambda _, tool: tmp_path / tool)
    monkeypatch.setattr(toolchain_cli, "run_in_foreground", lambda argv: seen.extend(map(str, argv)) or 7)
    result = call("toolchain", "run", "kubectl", "--", "version", "--client")
    assert (result.exit_code, seen) == (7, ["kubectl", str(tmp_path / "kubectl"), "version", "--client"])


def test_the_kill_matrix_is_written_alone_and_says_nothing_of_the_verdict(
    tmp_path: Path, make_inconclusive: Callable[..., ConformanceReport]
) -> None:
    killed = MutantResult(
        id="M01-flux",
        description="a flag is gone",
        environment=Environment.STAGING,
        duration_s=1.0,
        kills={"F01": Kill.KILLED},
        green_again=True,
    )
    make_inconclusive(tmp_path / "run", killed)
    (tmp_path / "run" / "report.html").unlink()
    result = call("report", "--kill-matrix", str(tmp_path / "docs" / "kill-matrix.md"), str(tmp_path / "run"))
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "docs" / "kill-matrix.md").read_text().startswith("# Kill matrix\n")
    assert not (tmp_path / "run" / "report.html").exists()
    blocked = call("report", "--kill-matrix", str(tmp_path / "run"), str(tmp_path / "run"))
    assert blocked.exit_code == 4
    assert "ERROR (not a finding): input: cannot write" in blocked.stderr


def test_a_report_without_mutants_has_no_kill_matrix(
    tmp_path: Path, make_inconclusive: Callable[..., ConformanceReport]
) -> None:
    make_inconclusive(tmp_path / "run")
    (tmp_path / "matrix.md").write_text("of another run")
    result = call("report", "--kill-matrix", str(tmp_path / "matrix.md"), str(tmp_path / "run"))
    assert result.exit_code == 4
    assert "ERROR (not a finding): input: this report is of a run without mutants" in result.stderr
    assert (tmp_path / "matrix.md").read_text() == "of another run", "it is not written over"


def test_run_passes_on_what_was_given(pytest_argv: list[str]) -> None:
    result = call("run", "-e", "all", "-k", "F01 or F05", "--version", "2.9.2", "--fleet", "f", "--keep", "--", "-x")
    assert result.exit_code == 0
    assert {"--flux-version=2.9.2", "--flux-fleet=f", "--flux-keep", "-x"} <= set(pytest_argv)
    assert pytest_argv[pytest_argv.index("-m") + 1] == "staging or production"
    assert pytest_argv[pytest_argv.index("-k") + 1] == "F01 or F05"
    assert str(PACKAGE_DIR / "checks") in pytest_argv


@pytest.mark.parametrize("earlier", ["", "report.yaml", "evidence"])
def test_on_github_a_run_tells_a_folder_without_an_earlier_report(
    pytest_argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: str
) -> None:
    wanted, output = tmp_path / "reports", tmp_path / "output"
    if earlier:
        wanted.mkdir()
        (wanted / earlier).touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    assert call("run", "--github", "--", f"--flux-report={wanted}").exit_code == 0
    folder = Path(last(pytest_argv, "--flux-report"))
    assert output.read_text() == f"report={folder}\n"
    assert (folder == wanted, folder.parent == wanted) == (not earlier, bool(earlier))
    assert not (folder / "report.yaml").exists()
    # What is told is where the run goes by its own rule.
    assert runs.report_folder(folder, "the-run") == folder


def test_a_run_that_cannot_tell_its_folder_starts_nothing(
    pytest_argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))
    assert isinstance(call("run", "--github", "--report", str(tmp_path / "r")).exception, InputError)
    assert pytest_argv == []
    monkeypatch.delenv("GITHUB_OUTPUT")
    assert call("run", "--github", "--report", str(tmp_path / "r")).exit_code == 0
    assert last(pytest_argv, "--flux-report") == str(tmp_path / "r")


def test_run_gives_no_option_that_nobody_gave(pytest_argv: list[str]) -> None:
    call("run")
    assert [word for word in pytest_argv if word.startswith("--flux")] == []
    assert pytest_argv[pytest_argv.index("-m") + 1] == "staging"
    assert "-k" not in pytest_argv


@pytest.mark.parametrize(("ids", "given"), [([], "all"), (["M02", "M04"], "M02,M04")])
def test_mutants_passes_on_their_ids(pytest_argv: list[str], ids: list[str], given: str) -> None:
    call("mutants", *ids)
    assert f"--flux-mutants={given}" in pytest_argv


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 10])
def test_the_exit_code_is_that_of_the_run(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(pytest, "main", lambda _: code)
    result = call("run")
    assert result.exit_code == code
    assert ("no check was collected" in result.stderr) == (code == 5)


@pytest.mark.parametrize(("error", "code"), [(InputError("slip", hint="mend it"), 4), (ToolchainError("no Go"), 10)])
def test_an_error_of_the_suite_is_printed_and_never_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ending:
        cli.main()
    assert ending.value.code == code
    assert capsys.readouterr().err == f"ERROR (not a finding): {error.layer}: {error}\n"  # type: ignore[attr-defined]


def test_the_module_is_the_script_and_unknown_tools_are_a_breakdown() -> None:
    argv = [sys.executable, "-m", "conformance", "toolchain", "build", "no-such-tool"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 10
    assert ended.stderr.startswith("ERROR (not a finding): toolchain: ")


@pytest.mark.parametrize("redirection", [">&-", "| true"])
def test_standard_output_that_is_gone_is_no_traceback(redirection: str) -> None:
    line = f"set -o pipefail; '{sys.executable}' -m conformance list --format json {redirection}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_standard_output_that_is_full_is_a_breakdown() -> None:
    line = f"'{sys.executable}' -m conformance list --format json > /dev/full"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 10
    assert ended.stderr == "ERROR (not a finding): engine: [Errno 28] No space left on device\n"


def test_doctor_looks_and_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    gone = {"FLUX_TENANCY_CACHE": str(tmp_path / "file"), "FLUX_TENANCY_STATE": str(tmp_path / "file" / "state")}
    argv = [sys.executable, "-m", "conformance", "doctor"]
    env = {**environment(), **gone, "PATH": str(tmp_path)}
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=env)
    assert ended.returncode == 10
    missing = [line[5:].partition(":")[0] for line in ended.stdout.splitlines() if line.startswith("NOT")]
    assert {"git", "toolchain", "runs under way or left behind"} <= set(missing)
    assert "FLUX_TENANCY_CACHE" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize("command", ["run", "mutants"])
def test_the_bootstrap_is_passed_on(pytest_argv: list[str], command: str) -> None:
    assert call(command, "--bootstrap", "operator").exit_code == 0
    assert "--flux-bootstrap=operator" in pytest_argv


@pytest.mark.parametrize(
    ("option", "known"),
    [(cli.ProviderOption, {*options.PROVIDERS, EXISTING}), (cli.BootstrapOption, {*options.BOOTSTRAPS})],
)
def test_the_help_of_run_names_values_that_are_taken(option: Any, known: set[str]) -> None:
    (info,) = option.__metadata__
    values = re.split(r", | or ", info.help.partition(": ")[2].removesuffix("."))
    assert {part for value in values for part in value.split(",")} == known


def test_an_upgrade_is_of_the_operators_route_unless_another_is_named(pytest_argv: list[str]) -> None:
    call("upgrade", "--to", "2.9.5")
    words = [word for word in pytest_argv if word.startswith("--flux")]
    assert words == ["--flux-bootstrap=operator", "--flux-upgrade-to=2.9.5"]


def test_an_upgrade_by_the_cli_and_its_way_back_are_passed_on(pytest_argv: list[str]) -> None:
    call("upgrade", "--to", "2.9.5", "--bootstrap", "cli", "--and-back")
    words = {word for word in pytest_argv if word.startswith("--flux")}
    assert words == {"--flux-bootstrap=cli", "--flux-upgrade-to=2.9.5", "--flux-upgrade-and-back"}
