"""`flux-tenancy parity`: the same certification on several platforms, and whether they say the same.

Errors of the suite pass through: the command that mounts this one prints them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from conformance.columns import certify, columns_of, report_folder
from conformance.errors import InputError
from conformance.foreground import INTERRUPTED
from conformance.options import argv_of
from conformance.report import parity_page
from conformance.report.combine import combine, part_of
from conformance.report.combined_schema import CombinedReport
from conformance.report.parity import exit_code, refuse_other_subjects
from conformance.report.write import load_report, write_file

PROVIDERS = "embedded,kind"
PAGE = "parity.md"


def parity(
    environment: Annotated[str, typer.Option("--environment", "-e", help="staging, production or all.")] = "staging",
    provider: Annotated[str, typer.Option("--provider", "--flux-provider", help="With commas between.")] = PROVIDERS,
    bootstrap: Annotated[str, typer.Option("--bootstrap", "--flux-bootstrap", help="With commas between.")] = "cli",
    version: Annotated[str, typer.Option("--version", help="Flux release to certify.")] = "",
    profile: Annotated[str, typer.Option("--profile", help="Levels to judge: core, hardened.")] = "",
    fleet: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    tenant: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    toolchain: Annotated[Path | None, typer.Option(help="A folder.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for all reports and the comparison.")] = None,
    k: Annotated[str, typer.Option("-k", help="Only checks that match, as pytest's -k.")] = "",
    compared: Annotated[
        Path | None, typer.Option("--compare", help="Compare this report with those that follow; run nothing.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the comparison in Markdown to this file too.")] = None,
    further: Annotated[
        list[str] | None, typer.Argument(help="Arguments for pytest, after --; with --compare: further reports.")
    ] = None,
) -> None:
    """Certify on several platforms and compare the results by id: 0 equal, 1 different, 10 inconclusive."""
    if compared is not None:
        _tell(_compared([compared, *map(Path, further or [])]), [markdown])
    words = argv_of({"--flux-version": version, "--flux-profile": profile, "--flux-fleet": fleet})
    words += argv_of({"--flux-tenant": tenant, "--flux-toolchain": toolchain})
    words += argv_of({"--flux-provider": provider, "--flux-bootstrap": bootstrap}) + (further or [])
    columns = columns_of(words)
    if len(columns) == 1:
        raise InputError(f"{columns[0]} alone has nothing to be compared with", hint="--bootstrap or --provider a,b")
    selected = [f"--environment={environment}", *(["-k", k] if k else []), "--", *words]
    ended = certify(columns, selected, report_folder(report, columns), typer.echo)
    if ended.report is None or ended.code == INTERRUPTED:
        raise typer.Exit(ended.code)
    _tell(ended.report, [ended.folder / PAGE, markdown])


def _compared(folders: Sequence[Path]) -> CombinedReport:
    reports = [load_report(folder) for folder in folders]
    refuse_other_subjects(reports)
    return combine([part_of(known, folder=str(folder)) for known, folder in zip(reports, folders, strict=True)])


def _tell(report: CombinedReport, files: Sequence[Path | None]) -> None:
    """Print the comparison, write it to files, and end with its exit code."""
    page = parity_page.markdown(report).encode()
    for file in files:
        if file is not None:
            write_file(file, page)
    typer.echo(parity_page.text(report), nl=False)
    if files[0] is not None and len(files) > 1:
        typer.echo(f"  {'report':<9} {files[0]}")
    raise typer.Exit(exit_code(report.parity))
