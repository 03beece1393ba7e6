"""Whether a certificate is what it was made as: every digest, the signature, the answer made again from evidence.

Offline. What is wrong is named by file; nothing is believed because another file of the folder says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.certificate import signing
from conformance.certificate.compose import AFTER, BEFORE, UPGRADE, compose
from conformance.certificate.folder import (
    BEYOND_DIGESTS,
    CERTIFICATE_FILE,
    DIGESTS_FILE,
    ENVELOPE_FILE,
    STATEMENT_FILE,
    files,
    given_by,
    pages,
    read_certificate,
    sha256,
    sides,
    stated,
    sums,
)
from conformance.certificate.rejudge import contradictions
from conformance.certificate.schema import Certificate
from conformance.certificate.statement import statement
from conformance.errors import InputError
from conformance.report.write import REPORT_FILE

_SHA256_LENGTH = 64
_LINK = "it is no file of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and the file that it is wrong with; relative to the certificate's folder."""

    file: str
    said: str

    def __str__(self) -> str:
        return f"{self.file}: {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of a verification."""

    certificate: Certificate | None
    """None: it cannot be read."""
    problems: tuple[Problem, ...]
    signed: bool
    """There is an envelope, and it was looked at with a key."""


def verify(folder: Path, public: Path | None) -> Verified:
    """Verify the folder of a certificate; without a public key, its signature is not looked at.

    Raises:
        InputError: it is no folder of a certificate, or the key is none.
    """
    if not (folder / DIGESTS_FILE).is_file() and not (folder / CERTIFICATE_FILE).is_file():
        raise InputError(f"'{folder}' is no certificate", hint="give a folder that `flux-tenancy certify` wrote")
    problems = list(_files(folder))
    certificate = None
    try:
        certificate = read_certificate(folder)
        problems += _stated(folder, certificate)
        if not problems:  # of edited files nothing follows, and each of them is named already
            problems += _again(folder, certificate)
    except (InputError, OSError) as error:
        problems.append(Problem(file=CERTIFICATE_FILE, said=getattr(error, "what", str(error))))
    problems += _envelope(folder, public)
    there = (folder / ENVELOPE_FILE).is_file()
    return Verified(
        certificate=certificate, problems=tuple(dict.fromkeys(problems)), signed=there and public is not None
    )


def _files(folder: Path) -> Iterator[Problem]:
    """Yield every file that is not what SHA256SUMS says, is missing, or is one too many."""
    try:
        wanted = _sums(folder / DIGESTS_FILE)
    except (OSError, ValueError) as error:
        yield Problem(file=DIGESTS_FILE, said=f"it cannot be read: {error}")
        return
    for name in sorted(BEYOND_DIGESTS):
        if (folder / name).is_symlink():
            yield Problem(file=name, said=_LINK)
    there = [name for name in files(folder) if name not in BEYOND_DIGESTS]
    for name in sorted({*wanted, *there}):
        path = folder / name
        if name not in wanted:
            yield Problem(file=name, said="it was added: no digest is known of it")
        elif name not in there:
            yield Problem(file=name, said="it is missing")
        elif path.is_symlink() or not path.is_file():
            yield Problem(file=name, said=_LINK)
        elif sha256(path) != wanted[name]:
            yield Problem(file=name, said="it was edited: its digest is another one")


def _sums(path: Path) -> Mapping[str, str]:
    data = path.read_bytes()
    found = {}
    for line in data.decode().splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != _SHA256_LENGTH or not name:
            raise ValueError(f"no line of digest and path: '{line[:80]}'")
        found[name] = digest
    if sums(found) != data:
        raise ValueError("it is not as it was written")
    return found


def _stated(folder: Path, certificate: Certificate) -> Iterator[Problem]:
    """Yield what is wrong with the statement, which follows from the certificate and the digests it names."""
    try:
        found, whole = stated(folder), (folder / STATEMENT_FILE).read_bytes()
    except OSError as error:
        yield Problem(file=STATEMENT_FILE, said=f"the statement cannot be made again: {error}")
        return
    for name, digest in sorted(found.items()):
        if digest.encode() not in whole:
            yield Problem(file=name, said="it was edited: its digest is not the one in the statement")
    if whole != statement(certificate, found):
        yield Problem(file=STATEMENT_FILE, said="it is not the statement of this certificate and these digests")


def _again(folder: Path, certificate: Certificate) -> Iterator[Problem]:
    """Yield what does not follow from the evidence: each report's verdict, then the certificate's."""
    upgrade = folder / UPGRADE if certificate.upgrade is not None else None
    given = given_by(folder / BEFORE, folder / AFTER, certificate.surface, upgrade)
    for name, side in sides(given):
        yield from (Problem(file=f"{name}/{REPORT_FILE}", said=said) for said in contradictions(side))
    again = compose(given)
    for field in Certificate.model_fields:
        if getattr(again, field) != getattr(certificate, field):
            yield Problem(file=CERTIFICATE_FILE, said=f"'{field}' does not follow from the reports and their evidence")
    for name, page in pages(certificate).items():
        if (folder / name).read_bytes() != page:
            yield Problem(file=name, said="it does not say what the certificate says, in the words of this suite")


def _envelope(folder: Path, public: Path | None) -> Iterator[Problem]:
    envelope, payload = folder / ENVELOPE_FILE, folder / STATEMENT_FILE
    if not envelope.exists():
        if public is not None:
            yield Problem(file=ENVELOPE_FILE, said="it is missing: the certificate is not signed with a local key")
        return
    try:
        said = signing.problem(envelope.read_bytes(), payload.read_bytes(), public)
    except OSError as error:
        said = f"it cannot be checked: {error}"
    if said:
        yield Problem(file=ENVELOPE_FILE, said=said)
