"""The in-toto statement of a certificate: a test result over the digests of what was tested and by what.

Statement v1 and predicate test-result v0.1, as https://github.com/in-toto/attestation/tree/main/spec describes them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.certificate.schema import Answer, Certificate, Change, Direction
from conformance.model import Outcome

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
_PACKAGE = "pkg:pypi/flux-tenancy-conformance"
_BAD = (Direction.LOOSER, Direction.INCOMPARABLE)
_SHOWN = (Direction.UNCHANGED, Direction.STRICTER)


def statement(certificate: Certificate, digests: Mapping[str, str]) -> bytes:
    """Return the statement as the bytes that are signed; `digests` are those of files of the certificate's folder."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [*_files(digests), *_controllers(certificate)],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate(certificate, digests),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def predicate(certificate: Certificate, digests: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the test result: PASSED only where the answer is yes without reservations."""
    rows = certificate.comparison.rows
    return {
        "result": result(certificate),
        "configuration": [
            {"name": "suite", "uri": f"{_PACKAGE}@{certificate.platform.suite}"},
            *_files(digests),
            *_tools(certificate),
        ],
        "passedTests": [_name(row) for row in rows if row.direction in _SHOWN and row.after == Outcome.PASSED],
        "warnedTests": [_name(row) for row in rows if row.direction in _SHOWN and row.after == Outcome.FAILED],
        "failedTests": [_name(row) for row in rows if row.direction in _BAD],
    }


def result(certificate: Certificate) -> str:
    """Return the word of the predicate: what was not compared has not passed."""
    if certificate.may_upgrade is not Answer.YES:
        return "FAILED"
    return "WARNED" if certificate.provisional_reasons else "PASSED"


def _name(row: Change) -> str:
    return f"{row.environment}/{row.key}"


def _files(digests: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    yield from (_descriptor(name, sha256) for name, sha256 in sorted(digests.items()))


def _controllers(certificate: Certificate) -> Iterator[Mapping[str, Any]]:
    """Yield the binaries or images of both releases, each once; a subject is one by its digest."""
    found = {
        (f"{one.name}@{one.version}", one.binary_sha256)
        for side in (certificate.before, certificate.after)
        for one in side.controllers
        if one.binary_sha256
    }
    yield from (_descriptor(name, sha256) for name, sha256 in sorted(found))


def _tools(certificate: Certificate) -> Iterator[Mapping[str, Any]]:
    """Yield what the controllers ran on, such as kube-apiserver."""
    sides = (certificate.before, certificate.after)
    subjects = {(one.name, one.version) for side in sides for one in side.controllers}
    found = {
        (f"{one.tool}@{one.version}", one.binary_sha256)
        for side in sides
        for one in side.binaries
        if (one.tool, one.version) not in subjects
    }
    yield from (_descriptor(name, sha256) for name, sha256 in sorted(found))


def _descriptor(name: str, sha256: str) -> Mapping[str, Any]:
    return {"name": name, "digest": {"sha256": sha256.removeprefix("sha256:")}}
