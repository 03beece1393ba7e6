"""What the commands tell GitHub Actions: where the report of a run goes, and what it found."""

from collections.abc import Sequence

import typer

from conformance.columns import Column, last, report_folder
from conformance.report import github
from conformance.report.write import AnyReport, append_file
from conformance.settings import github_file


def tell_folder(columns: Sequence[Column], words: Sequence[str]) -> list[str]:
    """Return the option that puts the report into a folder without an earlier one; the output `report` names it.

    It is told before anything is started: whoever reads the folder afterwards never takes an earlier report for this.

    Raises:
        InputError: the output cannot be written.
    """
    folder = report_folder(last(words, "--flux-report"), columns)
    output = github_file("GITHUB_OUTPUT")
    if output is not None:
        append_file(output, f"report={folder}\n")
    return [f"--flux-report={folder}"]


def tell_report(known: AnyReport, artifact: str) -> None:
    """Write step summary and output, print annotations; elsewhere only print what the step summary would be.

    Raises:
        InputError: a file of GitHub's cannot be written.
    """
    summary = github.step_summary(known, artifact=artifact)
    page, output = github_file("GITHUB_STEP_SUMMARY"), github_file("GITHUB_OUTPUT")
    if page is None:
        typer.echo(summary)
        return
    append_file(page, summary)
    if output is not None:
        append_file(output, f"verdict={known.verdict}\n")
    for line in github.annotations(known):
        typer.echo(line)
