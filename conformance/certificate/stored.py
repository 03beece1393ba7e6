"""Files of evidence in the folder of a report, read without leaving it: a report may be written by anybody."""

import hashlib
from pathlib import Path, PurePosixPath

from conformance.errors import InputError
from conformance.report.schema import EvidenceFile

LARGEST = 64 << 20
"""Bytes of a file of a certificate; a report of the whole catalogue has two million."""
_AGAIN = "certify that release again"


def content(file: EvidenceFile, folder: Path) -> bytes:
    """Return what a file of evidence holds.

    Raises:
        InputError: its path leads elsewhere, it is not there, or not what the report's digest says.
    """
    data = unproved(file.path, folder)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise InputError(f"'{folder / file.path}' is not what the report was made from", hint=_AGAIN)
    return data


def unproved(name: str, folder: Path) -> bytes:
    """Return what a file holds of which the report has no digest; `name` is its path below the folder.

    Raises:
        InputError: the path leads elsewhere, or the file is not there, or larger than any of ours.
    """
    path = _inside(name, folder)
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"'{path}' is larger than {LARGEST >> 20} MiB", hint=_AGAIN)
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read '{path}': {error.strerror}", hint="give the whole folder of a run, with its evidence"
        ) from error


def _inside(name: str, folder: Path) -> Path:
    """Return the path of a file, which must be the same below any folder that it is copied to."""
    parts = PurePosixPath(name).parts
    # SHA256SUMS has one line for each path, and knows no other spelling of it.
    spelt = name == "/".join(parts) and name.isprintable() and "\\" not in name
    if not parts or not spelt or name.startswith("/") or ".." in parts:
        raise InputError(f"{name!r} is no path inside of the report's folder", hint=_AGAIN)
    path = folder
    for part in parts:
        path /= part
        if path.is_symlink():
            raise InputError(f"'{name}' lies behind a link: '{path}'", hint=_AGAIN)
    return path
