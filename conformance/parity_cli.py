"""`flux-tenancy parity`: the same certification on both providers, and their reports compared.

Errors of the suite pass through: the command that mounts this one prints them.
"""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from conformance.errors import ProcessError
from conformance.foreground import run_in_foreground
from conformance.model import EXIT_CODES, ExitCode
from conformance.options import argv_of
from conformance.report import parity_page
from conformance.report.parity import compare
from conformance.report.write import REPORT_FILE, load_report, write_file
from conformance.settings import state_dir

PROVIDERS = ("kind", "embedded")
"""In the order in which they run: what kind lacks is told before anything was started."""
PAGE = "parity.md"
_VERDICTS = (ExitCode.CONFORMANT, ExitCode.NON_CONFORMANT, ExitCode.INCONCLUSIVE)


def parity(
    environment: Annotated[str, typer.Option("--environment", "-e", help="staging, production or all.")] = "staging",
    version: Annotated[str, typer.Option("--version", help="Flux release to certify.")] = "",
    profile: Annotated[str, typer.Option("--profile", help="Levels to judge: core, hardened.")] = "",
    fleet: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    tenant: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    toolchain: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for both reports and the comparison.")] = None,
    k: Annotated[str, typer.Option("-k", help="Only checks that match, as pytest's -k.")] = "",
    compared: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", help="Compare these two reports; run nothing.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the comparison in Markdown to this file too.")] = None,
    pytest_args: Annotated[list[str] | None, typer.Argument(help="Further arguments for pytest, after --.")] = None,
) -> None:
    """Certify on both providers and compare the results by id: 0 equal, 1 different, 10 inconclusive."""
    folder = None
    if compared is None:
        folder = _new_folder(report)
        words = argv_of({"--version": version, "--profile": profile, "--fleet": fleet, "--tenant": tenant})
        words += argv_of({"--toolchain": toolchain, "--environment": environment}) + (["-k", k] if k else [])
        for provider in PROVIDERS:
            _certify(provider, folder / provider, words, pytest_args or [])
        compared = (folder / "embedded", folder / "kind")
    said = compare(load_report(compared[0]), load_report(compared[1]))
    page = parity_page.markdown(said).encode()
    for file in (folder / PAGE if folder else None, markdown):
        if file is not None:
            write_file(file, page)
    typer.echo(parity_page.text(said), nl=False)
    if folder is not None:
        typer.echo(f"  {'report':<9} {folder / PAGE}")
    raise typer.Exit(said.exit_code)


def _new_folder(wanted: Path | None) -> Path:
    """Return where both reports go; beside those of an earlier comparison, if there is one."""
    now = dt.datetime.now(dt.UTC)
    if wanted is None:
        return state_dir() / "reports" / f"parity-{now:%Y%m%dT%H%M%SZ}"
    taken = any((wanted / provider).exists() for provider in PROVIDERS)
    return (wanted / f"{now:%Y%m%dT%H%M%SZ}" if taken else wanted).absolute()


def _certify(provider: str, report: Path, words: list[str], further: list[str]) -> None:
    """Run one certification to its report.

    Raises:
        typer.Exit: it ended without a verdict: bad input, interrupted, nothing selected.
        ProcessError: it has a verdict and no report.
    """
    typer.echo(f"parity: certification on {provider}")
    argv = [sys.executable, "-P", "-m", "conformance", "run", f"--report={report}", *words]
    code = run_in_foreground([*argv, "--", f"--flux-provider={provider}", *further])
    if code not in {EXIT_CODES[verdict] for verdict in _VERDICTS}:
        raise typer.Exit(code)
    if not (report / REPORT_FILE).is_file():
        raise ProcessError(
            f"the certification on {provider} ended with exit code {code} and left no {REPORT_FILE} in '{report}'",
            hint="its own error stands above",
        )
