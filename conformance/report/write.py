"""The folder of a run's report, written atomically and repeatedly; a broken renderer costs no facts."""

import html
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.errors import InputError
from conformance.model import Run
from conformance.report import terminal
from conformance.report.build import build_report
from conformance.report.document import from_yaml, to_yaml
from conformance.report.junit import junit_xml
from conformance.report.render import render_html
from conformance.report.schema import ConformanceReport

REPORT_FILE = "report.yaml"
JUNIT_FILE = "junit.xml"
HTML_FILE = "report.html"
_MODE = 0o644
"""A temporary file is private; a report is there to be read by others, such as the step that uploads it."""


def write_run(folder: Path, run: Run, secrets: Sequence[str] = ()) -> ConformanceReport:
    """Judge a run and write its report.yaml, junit.xml and report.html; return what was written.

    Raises:
        InputError: the folder cannot be written.
    """
    return write_report(folder, build_report(run, secrets))


def write_report(folder: Path, report: ConformanceReport) -> ConformanceReport:
    """Write all three files of a report; a form that cannot be made is noted in report.yaml and replaced by text.

    Raises:
        InputError: the folder cannot be written.
    """
    # First, and before anything that can fail: the facts.
    write_file(folder / REPORT_FILE, to_yaml(report).encode())
    forms: dict[str, Callable[[ConformanceReport], bytes]] = {
        JUNIT_FILE: junit_xml,
        HTML_FILE: lambda known: render_html(known).encode(),
    }
    notes = []
    for name, make in forms.items():
        try:
            data = make(report)
        except Exception as error:  # noqa: BLE001 - whatever broke in the picture, the facts are kept and said
            notes.append(f"{name} could not be made: {type(error).__name__}: {error}")
            data = _plain(report, notes[-1]) if name == HTML_FILE else b""
        if data:
            write_file(folder / name, data)
        else:
            (folder / name).unlink(missing_ok=True)  # an older one would speak of another state of the run
    if notes:
        report = report.model_copy(update={"notes": (*report.notes, *notes)})
        write_file(folder / REPORT_FILE, to_yaml(report).encode())
    return report


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
    """Read a report.yaml, or that of a run's folder.

    Raises:
        InputError: it is not there, not readable, or not a report of this version.
    """
    file = path / REPORT_FILE if path.is_dir() else path
    try:
        return from_yaml(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(
            f"cannot read '{file}': {said}", hint="give the report.yaml of a run, or its folder"
        ) from error


def _plain(report: ConformanceReport, why: str) -> bytes:
    text = html.escape(f"{why}\n\n{terminal.summary(report)}")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>report</title><pre>{text}</pre>\n'.encode()
