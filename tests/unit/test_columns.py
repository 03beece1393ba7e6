"""Several certifications by one command: which, in which order, when it stops, and what is kept."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from support.columns import Starting, run_of, started
from typer.testing import CliRunner

from conformance import cli, columns
from conformance.columns import Column, columns_of, last, report_folder, without
from conformance.errors import InputError, ProcessError
from conformance.foreground import heeding
from conformance.model import Outcome
from conformance.report.write import write_run

__all__ = ["started"]
RUNNER = CliRunner()
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
BOTH = ("--flux-bootstrap", "cli", "--flux-provider", "embedded,kind")


def call(*words: object) -> "tuple[int, str]":
    found = RUNNER.invoke(cli.app, ["run", *map(str, words)])
    return (found.exit_code if not isinstance(found.exception, InputError) else 4), found.output + str(found.exception)


def report_of(folder: Path) -> dict[str, object]:
    found = yaml.safe_load((folder / "report.yaml").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["cli on embedded"]),
        (["--flux-provider=kind"], ["cli on kind"]),
        (["--flux-provider=kind", "--flux-provider", "embedded"], ["cli on embedded"]),
        (["--flux-provider", "embedded, kind"], ["cli on embedded", "cli on kind"]),
        (
            ["--flux-bootstrap=cli,operator", "--flux-provider=embedded,kind"],
            ["cli on embedded", "cli on kind", "operator on embedded", "operator on kind"],
        ),
        (
            ["--flux-kubernetes-version=1.35", "--flux-provider=kind", "--flux-bootstrap=cli,operator"],
            ["cli on kind", "operator on kind"],
        ),
        (["--flux-keep", "--flux-reuse=x"], ["cli on embedded"]),
        (["--flux-reuse=", "--flux-kubernetes-version=", *BOTH], ["cli on embedded", "cli on kind"]),
    ],
)
def test_the_product_of_what_was_asked_for(words: list[str], found: list[str]) -> None:
    assert [str(column) for column in columns_of(words)] == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--flux-provider=kind,minikube"], "--flux-provider 'minikube' is unknown"),
        (["--flux-provider=embedded,"], "--flux-provider '' is unknown"),
        (["--flux-provider=kind,kind"], "--flux-provider 'kind,kind' names one twice"),
        (["--flux-bootstrap=cli,helm"], "--flux-bootstrap 'helm' is unknown"),
        ([*BOTH, "--flux-keep"], "--flux-keep holds one platform"),
        ([*BOTH, "--flux-reuse=mine"], "--flux-reuse takes one cluster"),
        ([*BOTH, "--flux-reuse", "mine"], "--flux-reuse takes one cluster"),
        ([*BOTH, "--flux-kubernetes-version", "1.35"], "--flux-kubernetes-version '1.35' is for Kind clusters alone"),
    ],
)
def test_what_cannot_be_several_is_refused_before_anything_starts(
    words: list[str], said: str, started: Starting, tmp_path: Path
) -> None:
    seen = started()
    code, output = call("--report", tmp_path / "r", "--", *words)
    assert (code, seen) == (4, [])
    assert said in output
    assert not (tmp_path / "r").exists()


def test_words_are_read_as_pytest_reads_them() -> None:
    words = ["-k", "x", "--flux-report", "a", "--flux-report=b", "--flux-reports=c"]
    assert last(words, "--flux-report") == "b"
    assert without(words, "--flux-report") == ["-k", "x", "--flux-reports=c"]


def test_the_spelling_of_the_options_does_not_matter(tmp_path: Path, started: Starting) -> None:
    for number, words in enumerate(
        (
            ["--provider", "embedded,kind", "--report", tmp_path / "0"],
            ["--flux-provider", "embedded,kind", "--", "--flux-report", tmp_path / "1"],
            ["--", "--flux-provider=embedded,kind", f"--flux-report={tmp_path / '2'}"],
        )
    ):
        seen = started(cli_kind=PASSED, cli_embedded=PASSED)
        assert call(*words)[0] == 0
        assert [last(argv, "--flux-provider") for argv in seen] == ["kind", "embedded"]
        assert report_of(tmp_path / str(number))["verdict"] == "conformant"


def test_every_column_gets_the_same_options_and_the_most_demanding_goes_first(
    tmp_path: Path, started: Starting
) -> None:
    ends = {f"{b}_{p}": PASSED for b in ("cli", "operator") for p in ("embedded", "kind")}
    seen = started(**ends)
    words = ["--bootstrap", "cli,operator", "--provider", "embedded,kind", "-e", "all", "-k", "F01 or F05"]
    code, output = call(*words, "--version", "2.9.2", "--report", tmp_path, "--", "--flux-timeout-factor=2", "-x")
    assert code == 0, output
    order = [Path(last(argv, "--flux-report")).name for argv in seen]
    assert order == ["operator-kind", "cli-kind", "operator-embedded", "cli-embedded"]
    for argv in seen:
        given = argv[argv.index("run") + 1 :]
        assert given[:4] == ["--environment=all", "-k", "F01 or F05", "--"]
        assert {"--flux-timeout-factor=2", "-x", "--flux-version=2.9.2"} <= set(given)
        bootstrap, _, provider = Path(last(argv, "--flux-report")).name.partition("-")
        assert (last(given, "--flux-bootstrap"), last(given, "--flux-provider")) == (bootstrap, provider)
    assert [c["name"] for c in report_of(tmp_path)["columns"]] == [  # type: ignore[attr-defined]
        "cli on embedded", "cli on kind", "operator on embedded", "operator on kind"
    ]  # fmt: skip
    assert "H17       both bootstrap routes get the same verdicts: equal" in output
    assert f"report    {tmp_path}/report.html" in output


def test_the_operators_chart_is_for_the_columns_of_its_route(tmp_path: Path, started: Starting) -> None:
    seen = started(cli_embedded=PASSED, operator_embedded=PASSED)
    call("--bootstrap", "cli,operator", "--operator-chart", "oci://h/c", "--report", tmp_path)
    assert {last(argv, "--flux-bootstrap"): last(argv, "--flux-operator-chart") for argv in seen} == {
        "operator": "oci://h/c",
        "cli": "",
    }


@pytest.mark.parametrize(
    ("kind", "embedded", "code", "verdict"),
    [
        (PASSED, PASSED, 0, "conformant"),
        (PASSED, FAILED, 1, "non-conformant"),
        (FAILED, FAILED, 1, "non-conformant"),
        (Outcome.ERROR, PASSED, 10, "inconclusive"),
        (3, PASSED, 10, "inconclusive"),
        (5, PASSED, 10, "inconclusive"),
        (PASSED, 4, 10, "inconclusive"),
        (0, PASSED, 10, "inconclusive"),
        (1, PASSED, 10, "inconclusive"),
        (1, FAILED, 1, "non-conformant"),
    ],
)
def test_one_column_costs_no_other_its_results(
    tmp_path: Path, started: Starting, kind: object, embedded: object, code: int, verdict: str
) -> None:
    seen = started(cli_kind=kind, cli_embedded=embedded)
    assert call(*BOTH, "--report", tmp_path)[0] == code
    assert len(seen) == 2
    assert report_of(tmp_path)["verdict"] == verdict


def test_bad_input_of_the_first_column_ends_it_and_leaves_nothing(tmp_path: Path, started: Starting) -> None:
    def refuse(folder: Path, _came: list[int]) -> int:
        folder.mkdir(parents=True)
        return 4

    seen = started(cli_kind=refuse)
    assert call(*BOTH, "--report", tmp_path / "r")[0] == 4
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_selection_of_nothing_leaves_nothing(tmp_path: Path, started: Starting) -> None:
    started(cli_kind=5, cli_embedded=5)
    assert call(*BOTH, "--report", tmp_path / "r")[0] == 5
    assert list(tmp_path.iterdir()) == []


def test_a_killed_column_has_no_report_even_if_it_left_one(tmp_path: Path, started: Starting) -> None:
    def killed(folder: Path, _came: list[int]) -> int:
        write_run(folder, run_of(folder.name, PASSED))
        raise ProcessError("'python' was killed by signal 9")

    started(cli_kind=killed, cli_embedded=PASSED)
    code, output = call(*BOTH, "--report", tmp_path)
    assert code == 10
    assert "kind has no report: 'python' was killed by signal 9" in output


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("code", "kind has no report: it ended with exit code 0, and its report says 1"),
        ("platform", "kind has no report: its report is of cli on embedded"),
        ("text", "kind has no report: '"),
    ],
)
def test_a_report_that_does_not_add_up_is_none(tmp_path: Path, started: Starting, left: str, said: str) -> None:
    def leave(folder: Path, _came: list[int]) -> int:
        write_run(
            folder, run_of("cli-embedded" if left == "platform" else "cli-kind", FAILED if left == "code" else PASSED)
        )
        if left == "text":
            (folder / "report.yaml").write_text("half of a")
        return 0

    started(cli_kind=leave, cli_embedded=PASSED)
    code, output = call(*BOTH, "--report", tmp_path)
    assert (code, said in output) == (10, True), output


@pytest.mark.parametrize("code", [2, 3, 5, 7, 10, 137])
def test_a_conformant_report_beside_another_exit_code_is_none(tmp_path: Path, started: Starting, code: int) -> None:
    def leave(folder: Path, _came: list[int]) -> int:
        write_run(folder, run_of(folder.name, PASSED))
        return code

    started(cli_kind=PASSED, cli_embedded=leave)
    ended, output = call(*BOTH, "--report", tmp_path)
    assert ended == (2 if code == 2 else 10)
    assert f"embedded has no report: it ended with exit code {code}, and its report says 0" in output


@pytest.mark.parametrize(("code", "ends"), [(2, 2), (3, 10)])
def test_what_a_run_that_was_broken_off_has_seen_is_kept(
    tmp_path: Path, started: Starting, code: int, ends: int
) -> None:
    def leave(folder: Path, _came: list[int]) -> int:
        write_run(folder, replace(run_of(folder.name, PASSED), breakdowns=("engine: the run was interrupted",)))
        return code

    started(cli_kind=PASSED, cli_embedded=leave)
    ended, output = call(*BOTH, "--report", tmp_path)
    assert (ended, report_of(tmp_path)["verdict"]) == (ends, "inconclusive")
    assert "has no report" not in output
    assert "engine: the run was interrupted" in output


@pytest.mark.parametrize("late", [True, False])
def test_ctrl_c_ends_it_and_keeps_what_is_there(tmp_path: Path, started: Starting, late: bool) -> None:
    def interrupted(folder: Path, came: list[int]) -> int:
        broken = () if late else ("engine: the run was interrupted",)
        write_run(folder, replace(run_of(folder.name, PASSED), breakdowns=broken))
        if not late:
            return 2
        came.append(signal.SIGINT)
        return 0

    seen = started(cli_kind=interrupted)
    code, output = call(*BOTH, "--report", tmp_path)
    assert (code, len(seen)) == (2, 1)
    assert report_of(tmp_path)["verdict"] == "inconclusive"
    assert "embedded has no report: it was not started" in output


def test_a_signal_between_two_columns_is_heeded(tmp_path: Path, started: Starting) -> None:
    def signalled(folder: Path, _came: list[int]) -> Outcome:
        os.kill(os.getpid(), signal.SIGTERM)
        return PASSED

    before = signal.getsignal(signal.SIGTERM)
    seen = started(cli_kind=signalled)
    assert call(*BOTH, "--report", tmp_path)[0] == 2
    assert len(seen) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_are_noted_and_handlers_put_back() -> None:
    before = signal.getsignal(signal.SIGHUP)
    with heeding() as came:
        os.kill(os.getpid(), signal.SIGHUP)
    assert came == [signal.SIGHUP]
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_combined_report_that_cannot_be_kept_is_no_verdict(
    tmp_path: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise InputError("cannot write 'report.yaml': No space left on device", hint="give a folder on another disk")

    seen = started(cli_kind=PASSED)
    monkeypatch.setattr(columns, "write_report", full)
    code, output = call(*BOTH, "--report", tmp_path)
    assert (code, len(seen)) == (10, 1)
    assert "ERROR (not a finding): input: cannot write 'report.yaml': No space left on device" in output
    assert (tmp_path / "cli-kind" / "report.yaml").is_file()


def test_the_report_is_written_after_each_column(tmp_path: Path, started: Starting) -> None:
    def look(folder: Path, _came: list[int]) -> Outcome:
        first = report_of(tmp_path)
        assert (first["verdict"], folder.name) == ("inconclusive", "cli-embedded")
        assert "it was not started" in str(first["judgement"])
        return PASSED

    started(cli_kind=PASSED, cli_embedded=look)
    assert call(*BOTH, "--report", tmp_path)[0] == 0


def test_an_earlier_report_is_not_written_over(
    tmp_path: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(cli_kind=PASSED, cli_embedded=PASSED)
    call(*BOTH, "--report", tmp_path)
    before = (tmp_path / "report.yaml").read_bytes()
    assert call(*BOTH, "--report", tmp_path)[0] == 0
    assert (tmp_path / "report.yaml").read_bytes() == before
    assert len(list(tmp_path.glob("*/cli-kind/report.yaml"))) == 1
    monkeypatch.setenv("FLUX_TENANCY_STATE", str(tmp_path / "state"))
    assert report_folder(None, [Column("cli", "kind")]).parent == tmp_path / "state" / "reports"


def test_on_github_one_folder_is_told_that_of_all_columns(
    tmp_path: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    started(cli_kind=PASSED, cli_embedded=PASSED)
    call(*BOTH, "--report", tmp_path / "r")
    seen = started(cli_kind=PASSED, cli_embedded=FAILED)
    assert call("--github", *BOTH, "--report", tmp_path / "r")[0] == 1
    (line,) = (tmp_path / "output").read_text().splitlines()
    folder = Path(line.removeprefix("report="))
    assert folder.parent == tmp_path / "r"
    assert report_of(folder)["verdict"] == "non-conformant"
    # A column tells nothing: the folder of one is not that of all.
    assert not any("--github" in argv for argv in seen)


def test_a_combined_report_is_rendered_anew_and_told_to_github(
    tmp_path: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(cli_kind=PASSED, cli_embedded=FAILED)
    call(*BOTH, "--report", tmp_path / "r")
    (tmp_path / "r" / "report.html").unlink()
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    found = RUNNER.invoke(cli.app, ["report", "--github", str(tmp_path / "r")])
    assert found.exit_code == 1
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "verdict=non-conformant\n"
    assert "Differences" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert "::error title=F01 in staging differs::" in found.output
    assert (tmp_path / "r" / "report.html").is_file()
    assert "verdict  non-conformant" in RUNNER.invoke(cli.app, ["report", str(tmp_path / "r")]).output
