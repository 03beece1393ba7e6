"""Who signed a bundle, and whether Sigstore's records bear it out, offline; the only importer of sigstore.

Imported where a certificate has a bundle, and not before: the library takes a second to load.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sigstore.errors import Error
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

from conformance.errors import InputError

_NAMES = "2.5.29.17"
"""Subject alternative name (RFC 5280, section 4.2.1.6): Fulcio writes the one identity there."""
_UNREADABLE = (Error, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def signer(bundle: bytes) -> str:
    """Return whom a bundle names as its signer, in its own certificate: anybody can write such a one.

    It is as Python writes it, since a terminal obeys some characters. Empty: this library cannot read it.
    """
    try:
        extensions = Bundle.from_json(bundle).signing_certificate.extensions
        (name,) = next(one.value for one in extensions if one.oid.dotted_string == _NAMES)
        return repr(str(name.value))
    except (*_UNREADABLE, StopIteration):
        return ""


def problem(bundle: bytes, trusted_root: Path, identity: str, issuer: str) -> str:
    """Return why a bundle is not signed by an identity that one of the roots of trust vouches for; empty: it is.

    Looked at are the certificate's chain, the log of certificates, the transparency log, the time, the signature.

    Raises:
        InputError: the file has no roots of trust.
    """
    roots = _roots(trusted_root)
    try:
        known = Bundle.from_json(bundle)
        # What the library does not keep, or spells otherwise, it has not looked at.
        if json.loads(known.to_json()) != json.loads(bundle):
            return "it has fields, or spellings of them, that nobody signed"
    except _UNREADABLE as error:
        return f"it cannot be checked: {_first(error)}"
    wanted, said = Identity(identity=identity, issuer=issuer), list[str]()
    for root in roots:
        try:
            Verifier(trusted_root=root).verify_dsse(known, wanted)
        except _UNREADABLE as error:
            said.append(_first(error))
        else:
            return ""
    return f"nobody vouches for its signature: {'; '.join(dict.fromkeys(said))}"


def _roots(path: Path) -> list[TrustedRoot]:
    """Return the roots of a file: one document, or a line for each, as `gh attestation trusted-root` prints them.

    One that this library does not read vouches for nothing, and is no reason not to believe another.
    """
    hint = "`gh attestation trusted-root > FILE` writes one"
    try:
        documents = list(_documents(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"cannot read the root of trust '{path}': {error.strerror}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is no JSON: {error}", hint=hint) from error
    found, said = list[TrustedRoot](), list[str]()
    for document in documents:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
            file.write(json.dumps(document))
            file.flush()
            try:
                found.append(TrustedRoot.from_file(file.name))
            except _UNREADABLE as error:
                said.append(_first(error))
    if not found:
        raise InputError(f"'{path}' has no root of trust: {'; '.join(said) or 'nothing is in it'}", hint=hint)
    return found


def _documents(text: str) -> Iterator[object]:
    try:
        yield json.loads(text)
    except ValueError:
        yield from (json.loads(line) for line in text.splitlines() if line.strip())


def _first(error: BaseException) -> str:
    """Return the first line of what a library says, which may be long."""
    return next(iter(str(error).splitlines()), type(error).__name__)
