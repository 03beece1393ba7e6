"""A statement that somebody else signs: what they are given, and whether the bundle that came back is of just this one.

`actions/attest` takes a predicate and the digests of subjects, makes a statement of both and signs that. The bundle is
Sigstore's: an envelope, the certificate of who signed it, and proofs of when (sigstore_bundle.proto of its
protobuf-specs). Who signed is looked at by `keyless`, and by nothing here.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.certificate.folder import BUNDLE_DIGEST_FILE, BUNDLE_FILE, STATEMENT_FILE, files, sha256, sums
from conformance.certificate.signing import PAYLOAD_TYPE
from conformance.errors import InputError
from conformance.report.write import write_file

PREDICATE_FILE = "predicate.json"
SUBJECTS_FILE = "subjects.sha256"
_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def write_parts(folder: Path, certificate: Path) -> None:
    """Write what `actions/attest` takes: the predicate of a certificate's statement, and its subjects' digests.

    Raises:
        InputError: a file cannot be read or written.
    """
    statement = _statement(certificate)
    known = json.loads(statement)
    subjects = "".join(f"{one['digest']['sha256']}  {one['name']}\n" for one in known["subject"])
    write_file(folder / PREDICATE_FILE, (json.dumps(known["predicate"], ensure_ascii=False) + "\n").encode())
    write_file(folder / SUBJECTS_FILE, subjects.encode())


def add_bundle(certificate: Path, source: Path) -> None:
    """Put the bundle that is of a certificate's statement into its folder, with a digest beside it.

    `source` is a file, or a folder: then all files below it are looked at.

    Raises:
        InputError: none of them is of this statement, or there is another bundle already.
    """
    statement, there = _statement(certificate), certificate / BUNDLE_FILE
    said, fitting = dict[Path, str](), list[bytes]()
    for path in [source / name for name in files(source)] if source.is_dir() else [source]:
        try:
            data = _normal(parsed(path.read_bytes()))
        except OSError as error:
            raise InputError(f"cannot read '{path}': {error.strerror}", hint=_HINT) from error
        except _UNREADABLE as error:
            said[path] = f"it is no bundle: {error or type(error).__name__}"
            continue
        said[path] = problem(data, statement)
        fitting += [] if said[path] else [data]
    if not fitting:
        seen = "; ".join(f"'{path}': {why}" for path, why in said.items()) or f"nothing is in '{source}'"
        raise InputError(f"no bundle is of the statement of '{certificate}': {seen}", hint=_HINT)
    if there.exists() and there.read_bytes() not in fitting:
        raise InputError(f"'{certificate}' has another {BUNDLE_FILE}", hint="add one to the certificate as it was made")
    write_file(there, there.read_bytes() if there.exists() else fitting[0])
    write_file(certificate / BUNDLE_DIGEST_FILE, sums({BUNDLE_FILE: sha256(there)}))


def problem(bundle: bytes, statement: bytes) -> str:
    """Return what is wrong with a bundle as an attestation of this statement; empty: nothing, whoever signed it."""
    try:
        document = parsed(bundle)
        envelope = document["dsseEnvelope"]
        payload = parsed(base64.b64decode(envelope["payload"], validate=True))
        (signature,), payload_kind = envelope["signatures"], envelope["payloadType"]
        wanted = parsed(statement)
        if _normal(document) != bundle:  # a signature covers neither white space nor a field that is there twice
            return "it is not as it was written"
        # Of a certificate's key there is no id, and what one says nobody signed; nor the kind of the document.
        if document["mediaType"] != _MEDIA_TYPE or signature.get("keyid"):
            return f"it is no {_MEDIA_TYPE} with one signature of a certificate"
        if payload_kind != PAYLOAD_TYPE:
            return f"its payload is of type '{payload_kind}', not {PAYLOAD_TYPE}"
        odd = sorted(name for name in {*wanted, *payload} if _part(wanted, name) != _part(payload, name))
    except _UNREADABLE as error:
        return f"it is no Sigstore bundle of a statement: {error or type(error).__name__}"
    return f"its payload is not the statement beside it: {', '.join(odd)} differ" if odd else ""


def parsed(data: bytes) -> dict[str, Any]:
    """Return a JSON object in which no field is there twice: readers would not agree which of them counts.

    Raises:
        ValueError: it is none.
    """
    found = json.loads(data, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - whoever reads it catches one kind
    return found


def digest_problem(certificate: Path) -> tuple[str, str] | None:
    """Return a file and what is wrong with it: the bundle, or the digest beside it. None: nothing, or neither is there.

    SHA256SUMS cannot name the bundle, which holds the statement, which names SHA256SUMS.
    """
    bundle, digest = certificate / BUNDLE_FILE, certificate / BUNDLE_DIGEST_FILE
    if not bundle.exists() and not digest.exists():
        return None
    if not bundle.exists() or not digest.exists():
        return (BUNDLE_DIGEST_FILE if bundle.exists() else BUNDLE_FILE), "it is missing"
    if digest.read_bytes() != sums({BUNDLE_FILE: sha256(bundle)}):
        return BUNDLE_FILE, f"it was edited, or {BUNDLE_DIGEST_FILE} was: its digest is another one"
    return None


_HINT = f"give the bundle that `actions/attest` made of {PREDICATE_FILE} and {SUBJECTS_FILE}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is there twice")
    return found


def _normal(document: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a bundle; a field that is null is one that is not there."""
    return (json.dumps(_without_nulls(document), indent=2, ensure_ascii=False) + "\n").encode()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _part(statement: Mapping[str, Any], name: str) -> str:
    """Return a field in one spelling: the order of subjects says nothing, nor does that of fields."""
    value = statement.get(name)
    if name == "subject" and isinstance(value, list):
        return "\n".join(sorted(json.dumps(one, sort_keys=True) for one in value))
    return json.dumps(value, sort_keys=True)


def _statement(certificate: Path) -> bytes:
    path = certificate / STATEMENT_FILE
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}", hint="give the folder of a certificate") from error
