"""The folder of a run's report, written atomically and repeatedly; a broken renderer costs no facts."""

import hashlib
import html
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from conformance.errors import InputError
from conformance.model import Run
from conformance.report import combined_page, terminal
from conformance.report.build import build_report
from conformance.report.combined_junit import combined_junit_xml
from conformance.report.combined_schema import CombinedReport
from conformance.report.document import any_from_yaml, from_yaml, to_yaml
from conformance.report.junit import junit_xml
from conformance.report.render import render_combined, render_html
from conformance.report.schema import ConformanceReport

REPORT_FILE = "report.yaml"
JUNIT_FILE = "junit.xml"
HTML_FILE = "report.html"
MARKDOWN_FILE = "report.md"
"""Of a combined report."""
AnyReport = ConformanceReport | CombinedReport
R = TypeVar("R", bound=AnyReport)
T = TypeVar("T")
_MODE = 0o644
"""A temporary file is private; a report is there to be read by others, such as the step that uploads it."""


def write_run(folder: Path, run: Run, secrets: Sequence[str] = ()) -> ConformanceReport:
    """Judge a run and write its report.yaml, junit.xml and report.html; return what was written.

    Raises:
        InputError: the folder cannot be written.
    """
    return write_report(folder, build_report(run, secrets))


def write_report(folder: Path, report: R) -> R:
    """Write all files of a report; a form that cannot be made is noted in report.yaml and replaced by text.

    Raises:
        InputError: the folder cannot be written.
    """
    # First, and before anything that can fail: the facts.
    write_file(folder / REPORT_FILE, to_yaml(report).encode())
    notes: list[str] = []
    for name, make in _forms(report).items():
        try:
            data = make()
        except Exception as error:  # noqa: BLE001 - whatever broke in the picture, the facts are kept and said
            notes.append(f"{name} could not be made: {type(error).__name__}: {error}")
            data = _plain(report, notes[-1]) if name == HTML_FILE else b""
        if data:
            write_file(folder / name, data)
        else:
            (folder / name).unlink(missing_ok=True)  # an older one would speak of another state of the run
    if notes:
        noted = report.model_copy(update={"notes": (*report.notes, *notes)})
        write_file(folder / REPORT_FILE, to_yaml(noted).encode())
        return noted  # type: ignore[return-value]  # a copy of R is an R
    return report


def _forms(report: AnyReport) -> dict[str, Callable[[], bytes]]:
    if isinstance(report, CombinedReport):
        return {
            JUNIT_FILE: lambda: combined_junit_xml(report),
            HTML_FILE: lambda: render_combined(report).encode(),
            MARKDOWN_FILE: lambda: combined_page.markdown(report).encode(),
        }
    return {JUNIT_FILE: lambda: junit_xml(report), HTML_FILE: lambda: render_html(report).encode()}


def write_file(path: Path, data: bytes) -> None:
    """Put a file in place as a whole or not at all, also when the machine stops.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), _MODE)
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"cannot write '{path}': {error.strerror or error}",
            hint="give --flux-report a folder that you can write, on a disk with free space",
        ) from error


def append_file(path: Path, text: str) -> None:
    """Add to a file that others may have written to before, such as a step summary.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}': {error.strerror or error}", hint="give a file that you can write"
        ) from error


def load_report(path: Path) -> ConformanceReport:
    """Read the report.yaml of one certification, or that of a run's folder.

    Raises:
        InputError: it is not there, not readable, or not such a report of this version.
    """
    return _read(path, from_yaml)


def load_any(path: Path) -> AnyReport:
    """Read a report.yaml, or that of a folder, of one certification or of several.

    Raises:
        InputError: as of `load_report`; or the report of a column is not the one that was compared.
    """
    report = _read(path, any_from_yaml)
    if isinstance(report, CombinedReport):
        _refuse_changed(path if path.is_dir() else path.parent, report)
    return report


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of the report.yaml in a folder; empty: there is none."""
    file = folder / REPORT_FILE
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _refuse_changed(folder: Path, report: CombinedReport) -> None:
    for column in report.columns:
        found = digest_of(folder / column.folder)
        if found and found != column.report_sha256:
            raise InputError(
                f"'{folder / column.folder / REPORT_FILE}' is not the report that was compared: "
                f"its SHA-256 is {found}, that of the comparison {column.report_sha256 or 'none'}",
                hint="certify again, or compare the reports as they are now: `flux-tenancy parity --compare`",
            )


def _read(path: Path, parse: Callable[[str, str], T]) -> T:
    file = path / REPORT_FILE if path.is_dir() else path
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(
            f"cannot read '{file}': {said}", hint="give the report.yaml of a run, or its folder"
        ) from error


def _plain(report: AnyReport, why: str) -> bytes:
    said = combined_page.summary(report) if isinstance(report, CombinedReport) else terminal.summary(report)
    text = html.escape(f"{why}\n\n{said}")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>report</title><pre>{text}</pre>\n'.encode()
