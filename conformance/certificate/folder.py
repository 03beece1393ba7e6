"""The folder of a certificate: the reports that it is made from, what it says, every digest, a signature."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from conformance.certificate import page, signing
from conformance.certificate.compare import Reported
from conformance.certificate.compose import AFTER, BEFORE, UPGRADE, Given, compose
from conformance.certificate.rejudge import contradictions
from conformance.certificate.schema import CERTIFICATE_KIND, Certificate
from conformance.certificate.statement import statement
from conformance.certificate.stored import content, unproved
from conformance.certificate.surfaces import Surfaces, kept
from conformance.errors import InputError
from conformance.model import Mode
from conformance.report.document import document_from_yaml, to_yaml
from conformance.report.render import render_certificate
from conformance.report.schema import ConformanceReport, EvidenceFile
from conformance.report.write import REPORT_FILE, digest_of, load_report, write_file

CERTIFICATE_FILE = "certificate.yaml"
MARKDOWN_FILE = "certificate.md"
HTML_FILE = "certificate.html"
CATALOG_FILE = "catalog.md"
DIGESTS_FILE = "SHA256SUMS"
STATEMENT_FILE = "statement.json"
ENVELOPE_FILE = "statement.dsse.json"
BUNDLE_FILE = "statement.sigstore.json"
BUNDLE_DIGEST_FILE = f"{BUNDLE_FILE}.sha256"
BEYOND_DIGESTS = frozenset({DIGESTS_FILE, STATEMENT_FILE, ENVELOPE_FILE, BUNDLE_FILE, BUNDLE_DIGEST_FILE})
"""Files that SHA256SUMS does not name: the statement names it, the envelope and the bundle hold the statement."""
STATED = (CERTIFICATE_FILE, CATALOG_FILE, DIGESTS_FILE, f"{BEFORE}/{REPORT_FILE}", f"{AFTER}/{REPORT_FILE}")
"""Files that the statement names; all others are named by SHA256SUMS."""


def given_by(before: Path, after: Path, surfaces: Surfaces | None, upgrade: Path | None = None) -> Given:
    """Read what a certificate is made of, from the folders of reports.

    Raises:
        InputError: a report is not there, or cannot be read.
    """
    return Given(
        before=Reported(_attacked(before), before),
        after=Reported(_attacked(after), after),
        before_sha256=digest_of(before),
        after_sha256=digest_of(after),
        surfaces=surfaces,
        upgrade=None if upgrade is None else Reported(load_report(upgrade), upgrade),
        upgrade_sha256="" if upgrade is None else digest_of(upgrade),
    )


def _attacked(folder: Path) -> ConformanceReport:
    """Return a report of attacks: two audits that both looked away would be alike."""
    report = load_report(folder)
    if mode := report.environment.mode:
        raise InputError(
            f"'{folder}' is the report of {'an' if mode is Mode.AUDIT else 'a'} {mode}: it attacked nothing",
            hint="a certificate compares runs on platforms of the suite's own",
        )
    if report.upgrades:
        raise InputError(
            f"'{folder}' is the report of an upgrade, which is of two releases",
            hint="give it by --upgrade, beside a report of `flux-tenancy run` of each release",
        )
    return report


def sides(given: Given) -> list[tuple[str, Reported]]:
    """Return the reports of a certificate, with the names of their folders in it."""
    found = {BEFORE: given.before, AFTER: given.after, UPGRADE: given.upgrade}
    return [(name, side) for name, side in found.items() if side is not None]


def refuse_taken(folder: Path) -> None:
    """Refuse a folder that holds something: no older file may be signed as part of a new certificate.

    Raises:
        InputError: it does.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' is not empty", hint="name a folder that is not there yet")


def write_certificate(folder: Path, given: Given, catalog: str, private: Path | None) -> Certificate:
    """Write the whole folder of a certificate, or nothing; `catalog` is the catalog of checks as a page.

    Raises:
        InputError: the folder is taken or cannot be written, the inputs do not belong together, a report says what
            its evidence does not, or names files elsewhere, or the key is none.
    """
    refuse_taken(folder)
    certificate = compose(given)
    _refuse_contradictions(given)
    begun = folder.with_name(f".{folder.name}.begun")
    try:
        shutil.rmtree(begun, ignore_errors=True)
        _copies(given, begun)
        _write(begun, certificate, catalog, private)
        if folder.exists():
            folder.rmdir()
        begun.replace(folder)
    except OSError as error:
        said = f"cannot write '{folder}': {error.strerror}"
        raise InputError(said, hint="name a folder that you can write") from error
    finally:
        shutil.rmtree(begun, ignore_errors=True)
    return certificate


def read_certificate(folder: Path) -> Certificate:
    """Read the certificate of a folder.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    file = folder / CERTIFICATE_FILE
    try:
        return document_from_yaml(file.read_text(encoding="utf-8"), str(file), Certificate, CERTIFICATE_KIND)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"cannot read '{file}': {said}", hint="give the folder of a certificate") from error


def pages(certificate: Certificate) -> Mapping[str, bytes]:
    """Return name -> content of the files that say what a certificate says, for readers."""
    return {
        MARKDOWN_FILE: page.markdown(certificate).encode(),
        HTML_FILE: render_certificate(certificate, page).encode(),
    }


def digests(folder: Path) -> Mapping[str, str]:
    """Return relative path -> SHA-256 of every file below a folder that SHA256SUMS is to name."""
    return {name: sha256(folder / name) for name in files(folder) if name not in BEYOND_DIGESTS}


def files(folder: Path) -> list[str]:
    """Return the relative paths of everything below a folder that is no folder, sorted.

    Raises:
        OSError: a folder cannot be looked into.
    """
    found = []
    for place, names, others in os.walk(folder, onerror=_raise):
        links = [name for name in names if (Path(place) / name).is_symlink()]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in (*others, *links)]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def empty_folders(folder: Path) -> list[str]:
    """Return the relative paths of folders with nothing in them, sorted."""
    empty = [place for place, names, others in os.walk(folder) if not (names or others)]
    return sorted(Path(place).relative_to(folder).as_posix() for place in empty)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums(found: Mapping[str, str]) -> bytes:
    """Return SHA256SUMS, as `sha256sum --check` reads it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(found.items())).encode()


def stated(folder: Path) -> Mapping[str, str]:
    """Return the digests of those files that the statement names."""
    return {name: sha256(folder / name) for name in STATED}


def _write(folder: Path, certificate: Certificate, catalog: str, private: Path | None) -> None:
    write_file(folder / CERTIFICATE_FILE, to_yaml(certificate).encode())
    for name, data in pages(certificate).items():
        write_file(folder / name, data)
    write_file(folder / CATALOG_FILE, catalog.encode())
    write_file(folder / DIGESTS_FILE, sums(digests(folder)))
    payload = statement(certificate, stated(folder))
    write_file(folder / STATEMENT_FILE, payload)
    if private is not None:
        write_file(folder / ENVELOPE_FILE, signing.signed(payload, private))


def _refuse_contradictions(given: Given) -> None:
    """Refuse what `verify` would find: nothing is signed that does not follow from its evidence."""
    for name, side in sides(given):
        for said in contradictions(side):
            raise InputError(
                f"the report of '{name}' contradicts its own evidence: {said}", hint="certify that release again"
            )


def _copies(given: Given, folder: Path) -> None:
    """Write the reports, as they are, with the evidence that they name: bytes that were looked at, never a link."""
    known = {BEFORE: given.before_sha256, AFTER: given.after_sha256, UPGRADE: given.upgrade_sha256}
    for name, side in sides(given):
        report = EvidenceFile(path=REPORT_FILE, sha256=known[name], kind="report")
        for file in (report, *(file for row in side.report.results for file in row.evidence)):
            _write_copy(folder / name / file.path, content(file, side.folder))
        for path in sorted({one.evidence for block in side.report.upgrades for one in block.attacks if one.evidence}):
            _write_copy(folder / name / path, unproved(path, side.folder))
    for name, data in kept(given.surfaces).items():
        _write_copy(folder / name, data)


def _write_copy(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
