"""A result that no row of report.yaml is of: what a check said under a mutant, after it, or in another round."""

from collections.abc import Callable
from pathlib import Path

from conformance.model import Level, Result
from conformance.report.build import cleaned, result_row
from conformance.report.document import to_yaml

RESULT_FILE = "result.yaml"
"""Beside the evidence of the result: a row as in report.yaml, which counts by its level alone."""


def keep(folder: Path, result: Result, redact: Callable[[str], str]) -> None:
    """Write a result beside its evidence."""
    folder.mkdir(parents=True, exist_ok=True)
    row = cleaned(result_row(result, judged=result.level is not Level.PROVISIONAL), redact)
    (folder / RESULT_FILE).write_text(to_yaml(row), encoding="utf-8")
