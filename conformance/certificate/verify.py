"""Whether a certificate is what it was made as: every digest, the signature, the answer made again from evidence.

Offline. What is wrong is named by file. What a report, a surface or a file of evidence says is the ground that all else
is made again from; pages and sentences are held by their digests alone, and so by the signature (ADR 0029).
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.certificate import attestation, signing
from conformance.certificate.compose import AFTER, BEFORE, UPGRADE, compose
from conformance.certificate.folder import (
    BEYOND_DIGESTS,
    BUNDLE_FILE,
    CERTIFICATE_FILE,
    DIGESTS_FILE,
    ENVELOPE_FILE,
    STATEMENT_FILE,
    empty_folders,
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
from conformance.certificate.sentences import without_sentences
from conformance.certificate.statement import PREDICATE_TYPE, statement
from conformance.certificate.stored import LARGEST
from conformance.certificate.surfaces import read_surfaces
from conformance.errors import InputError
from conformance.report.document import to_yaml
from conformance.report.write import REPORT_FILE

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
"""Who says what a workflow's name is: https://docs.github.com/en/actions/reference/security/oidc."""
_SHA256_LENGTH = 64
_LINK = "it is no file of its own"
_PAIR = re.compile(r"v?\d+(?:\.\d+)+-v?\d+(?:\.\d+)+")
"""The name of a folder that says which releases its certificate is of."""


def printable(text: str) -> str:
    """Return a text as a terminal can show it: whoever made the folder chose the names and words in it."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and the file that it is wrong with; relative to the certificate's folder."""

    file: str
    said: str

    def __str__(self) -> str:
        return printable(f"{self.file}: {self.said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose attestation is believed, and on whose word."""

    root: Path
    """Sigstore's roots of trust, as `gh attestation trusted-root` prints them."""
    identity: str
    """The workflow that must have signed, as https://github.com/OWNER/REPO/.github/workflows/FILE@REF."""
    issuer: str
    """Who says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of a verification."""

    certificate: Certificate | None
    """None: it cannot be read."""
    problems: tuple[Problem, ...]
    signed: bool
    """A signature was looked at, and is right: that of a local key, or that of `attested_by`."""
    attested_by: str = ""
    """The identity whose attestation was looked at with a root of trust, and is right."""
    notes: tuple[Problem, ...] = ()
    """What is held by its digest alone, and reads otherwise than this suite would put it; who attested, unproved."""


def verify(folder: Path, public: Path | None, trust: Trust | None = None) -> Verified:
    """Verify the folder of a certificate; without a public key or trust, nobody looks at who signed it.

    Raises:
        InputError: it is no folder of a certificate, the key is none, or there is no root of trust in its file.
    """
    if not (folder / DIGESTS_FILE).is_file() and not (folder / CERTIFICATE_FILE).is_file():
        raise InputError(f"'{folder}' is no certificate", hint="give a folder that `flux-tenancy certify` wrote")
    if strange := tuple(_unopened(folder)):
        return Verified(certificate=None, problems=strange, signed=False)
    attested = [*_attestation(folder, trust)]
    problems = [*_files(folder), *_envelope(folder, public), *attested]
    certificate, notes = None, list[Problem]()
    try:
        certificate = read_certificate(folder)
        problems += [*_stated(folder, certificate), *_called(folder, certificate)]
        if not problems:  # of edited files nothing follows, and each of them is named already
            problems += _again(folder, certificate)
            notes += [*_reworded(folder, certificate), *(_unproved(folder) if trust is None else ())]
    except (InputError, OSError) as error:
        problems.append(Problem(file=CERTIFICATE_FILE, said=getattr(error, "what", str(error))))
    there = (folder / ENVELOPE_FILE).is_file()
    return Verified(
        certificate=certificate,
        problems=tuple(dict.fromkeys(problems)),
        signed=(there and public is not None) or (trust is not None and not attested),
        attested_by=trust.identity if trust is not None and not attested else "",
        notes=tuple(notes),
    )


def _unopened(folder: Path) -> Iterator[Problem]:
    """Yield what is not to be opened: a pipe would never be read to its end, and a link leads elsewhere."""
    try:
        names = files(folder)
    except OSError as error:
        said = f"it cannot be looked into: {error.strerror}"
        yield Problem(file=Path(str(error.filename)).relative_to(folder).as_posix(), said=said)
        return
    yield from (Problem(file=name, said=_LINK) for name in names if not _is_file(folder / name))
    for name in names:
        if _is_file(folder / name) and (folder / name).stat().st_size > LARGEST:
            yield Problem(file=name, said=f"it was edited: none is larger than {LARGEST >> 20} MiB")


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _files(folder: Path) -> Iterator[Problem]:
    """Yield every file that is not what SHA256SUMS says, is missing, or is one too many."""
    try:
        wanted = _sums(folder / DIGESTS_FILE)
    except (OSError, ValueError) as error:
        yield Problem(file=DIGESTS_FILE, said=f"it cannot be read: {error}")
        return
    for name in empty_folders(folder):
        yield Problem(file=name, said="it was added: a folder with nothing in it")
    there = [name for name in files(folder) if name not in BEYOND_DIGESTS]
    for name in sorted({*wanted, *there}):
        path = folder / name
        if name not in wanted:
            yield Problem(file=name, said="it was added: no digest is known of it")
        elif name not in there:
            yield Problem(file=name, said="it is missing")
        elif said := _edited(path, wanted[name]):
            yield Problem(file=name, said=said)


def _edited(path: Path, digest: str) -> str:
    try:
        return "" if sha256(path) == digest else "it was edited: its digest is another one"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


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
    given = given_by(folder / BEFORE, folder / AFTER, read_surfaces(folder), upgrade)
    for name, side in sides(given):
        yield from (Problem(file=f"{name}/{REPORT_FILE}", said=said) for said in contradictions(side))
    if to_yaml(certificate, as_read=True).encode() != (folder / CERTIFICATE_FILE).read_bytes():
        yield Problem(file=CERTIFICATE_FILE, said="it is not as it was written: it says more than its fields")
    again, said = without_sentences(compose(given)), without_sentences(certificate)
    for field in Certificate.model_fields:
        if getattr(again, field) != getattr(said, field):
            yield Problem(file=CERTIFICATE_FILE, said=f"'{field}' does not follow from the reports and their evidence")


def _called(folder: Path, certificate: Certificate) -> Iterator[Problem]:
    """Yield that the folder has the name of another pair of releases."""
    name = folder.resolve().name
    pair = f"{certificate.before.flux_version}-{certificate.after.flux_version}"
    if _PAIR.fullmatch(name) and name != pair:
        yield Problem(file=CERTIFICATE_FILE, said=f"it is of {pair}, and its folder is called '{name}'")


def _reworded(folder: Path, certificate: Certificate) -> Iterator[Problem]:
    """Yield the pages that this suite would put in other words: no later suite can make again what an earlier wrote."""
    suite = certificate.platform.suite
    for name, page in pages(certificate).items():
        if (folder / name).read_bytes() != page:
            yield Problem(file=name, said=f"held by its digest alone: suite {suite} of then has other words than this")


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


def _attestation(folder: Path, trust: Trust | None) -> Iterator[Problem]:
    """Yield what is wrong with an attestation's bundle, and with its signature if that is looked at."""
    bundle, payload = folder / BUNDLE_FILE, folder / STATEMENT_FILE
    try:
        found = attestation.digest_problem(folder)
        if found is not None:
            yield Problem(file=found[0], said=found[1])
        if not bundle.exists():
            if trust is not None and found is None:
                yield Problem(file=BUNDLE_FILE, said="it is missing: nobody attested this certificate")
            return
        if said := attestation.problem(bundle.read_bytes(), payload.read_bytes()):
            yield Problem(file=BUNDLE_FILE, said=said)
            return
    except OSError as error:
        yield Problem(file=BUNDLE_FILE, said=f"it cannot be checked: {error}")
        return
    if trust is not None:
        from conformance.certificate import keyless  # noqa: PLC0415 - a second to load, where a bundle is

        if said := keyless.problem(bundle.read_bytes(), trust.root, trust.identity, trust.issuer):
            yield Problem(file=BUNDLE_FILE, said=said)


def _unproved(folder: Path) -> Iterator[Problem]:
    """Yield who attested the statement by their own word, and how to have it checked."""
    bundle = folder / BUNDLE_FILE
    if not bundle.exists():
        return
    from conformance.certificate import keyless  # noqa: PLC0415 - a second to load, where a bundle is

    signer = keyless.signer(bundle.read_bytes())
    by = f"by its own word {signer} signed it" if signer else "by whom, this library cannot read"
    places = f"{shlex.quote(str(folder / DIGESTS_FILE))} --bundle {shlex.quote(str(bundle))}"
    # Whom to believe is not for the bundle to say.
    command = f"gh attestation verify {places} --predicate-type {PREDICATE_TYPE} --repo OWNER/REPO"
    said = f"it attests just this statement; {by}: the signer's chain was not checked"
    hint = f"say whom you expect: give --trusted-root and --identity, or ask `{command}`"
    yield Problem(file=BUNDLE_FILE, said=f"{said}\n  next  {hint}")
