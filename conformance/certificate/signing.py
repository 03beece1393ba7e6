"""Signatures over statements, as DSSE envelopes; the only importer of securesystemslib.

Keys are ECDSA P-256 in PEM, as cosign and OpenSSL write them: `NAME.key` (PKCS #8) and `NAME.pub` beside it.
"""

import hashlib
import json
from pathlib import Path

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error, UnverifiedSignatureError, VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from conformance.errors import InputError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_TYPE, _SCHEME = "ecdsa", "ecdsa-sha2-nistp256"
_PRIVATE, _PUBLIC = ".key", ".pub"
_SECRET_MODE, _OPEN_MODE = 0o600, 0o644


def new_key(path: Path) -> tuple[Path, Path]:
    """Make a key pair, `<path>.key` and `<path>.pub`; return both.

    Raises:
        InputError: one is there already, or cannot be written, or the path has no name. Nothing is left then.
    """
    if not path.name:
        raise InputError(f"'{path}' has no name for a key", hint="give a NAME: NAME.key and NAME.pub are written")
    private, public = path.with_name(path.name + _PRIVATE), path.with_name(path.name + _PUBLIC)
    signer = CryptoSigner.generate_ecdsa()
    texts = {private: signer.private_bytes, public: str(signer.public_key.keyval["public"]).encode()}
    if there := [file for file in texts if file.exists()]:
        raise InputError(f"'{there[0]}' is there already", hint="name another key, or remove the old one yourself")
    made: list[Path] = []
    try:
        for file, mode in ((private, _SECRET_MODE), (public, _OPEN_MODE)):
            file.touch(mode=mode, exist_ok=False)
            made.append(file)
            file.write_bytes(texts[file])
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise InputError(f"cannot write '{error.filename}': {error.strerror}", hint="name a key elsewhere") from error
    return private, public


def signed(payload: bytes, private: Path) -> bytes:
    """Return the envelope of a payload, signed with a private key whose public one lies beside it.

    Raises:
        InputError: a key is not there, is of another kind, or both do not belong together.
    """
    if private.suffix != _PRIVATE:
        raise InputError(f"'{private}' is no private key: its name must end in {_PRIVATE}", hint=_HINT)
    public = _public(private.with_suffix(_PUBLIC))
    try:
        signer = CryptoSigner.from_priv_key_uri(f"file2:{private.absolute()}", public)
    except (OSError, ValueError, TypeError, Error) as error:
        raise InputError(f"cannot sign with '{private}': {error}", hint=_HINT) from error
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _text(envelope)


def problem(envelope: bytes, payload: bytes, public: Path | None) -> str:
    """Return what is wrong with an envelope; empty: nothing. Without a key only its form and payload are looked at.

    Raises:
        InputError: the key is not there, or none.
    """
    key = None if public is None else _public(public)
    try:
        document = json.loads(envelope)
        shape = [set(one) for one in document["signatures"]]
        known = Envelope.from_dict(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Error) as error:
        return f"it is no DSSE envelope: {error or type(error).__name__}"
    if shape != [{"keyid", "sig"}]:  # what else a signature holds, nobody signed
        return "it has not exactly one signature, of key id and value"
    if said := _of_content(known, envelope, payload):
        return said
    try:
        if key is not None:
            known.verify([key], 1)
    except (VerificationError, UnverifiedSignatureError):
        return f"it is not signed with the key '{public}'"
    return ""


def _of_content(known: Envelope, envelope: bytes, payload: bytes) -> str:
    if known.payload_type != PAYLOAD_TYPE:
        return f"its payload is of type '{known.payload_type}', not {PAYLOAD_TYPE}"
    if known.payload != payload:
        return "its payload is not the statement beside it"
    if _text(known) != envelope:  # a signature does not cover white space, nor further fields
        return "it is not as it was written"
    return ""


_HINT = "`flux-tenancy certificate-key NAME` makes NAME.key and NAME.pub"


def _public(path: Path) -> SSlibKey:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the public key '{path}': {error}", hint=_HINT) from error
    if "PUBLIC KEY" not in text:
        raise InputError(f"'{path}' is no public key in PEM", hint=_HINT)
    return SSlibKey(hashlib.sha256(text.encode()).hexdigest(), _TYPE, _SCHEME, {"public": text})


def _text(envelope: Envelope) -> bytes:
    return (json.dumps(envelope.to_dict(), indent=2) + "\n").encode()
