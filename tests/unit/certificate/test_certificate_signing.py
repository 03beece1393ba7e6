"""The signature of a certificate and its keys: another key, an edited envelope, a key that is none."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.certificates import named

from conformance.certificate.folder import (
    ENVELOPE_FILE,
    STATEMENT_FILE,
)
from conformance.certificate.signing import new_key, signed
from conformance.certificate.verify import verify
from conformance.errors import InputError


def test_another_key_is_no_signature(made: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "other")
    (problem,) = verify(made / "certificate", tmp_path / "other.pub").problems
    assert (problem.file, "not signed with the key" in problem.said) == (ENVELOPE_FILE, True)


def test_without_a_key_the_signature_counts_as_not_looked_at(made: Path) -> None:
    found = verify(made / "certificate", None)
    assert (found.problems, found.signed) == ((), False)


@pytest.mark.parametrize("length", [0, 1, 20, 400, -1, -3])
def test_a_truncated_envelope_is_named(made: Path, certificate: Path, length: int) -> None:
    path = certificate / ENVELOPE_FILE
    path.write_bytes(path.read_bytes()[:length])
    assert named(certificate, made) == {ENVELOPE_FILE}


def edited_envelope(certificate: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = certificate / ENVELOPE_FILE
    known = json.loads(path.read_text())
    edit(known)
    path.write_text(json.dumps(known, indent=2) + "\n")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda e: e.update(payloadType="application/json"), "its payload is of type 'application/json'"),
        (lambda e: e.update(payload=base64.b64encode(b"{}").decode()), "not the statement beside it"),
        (lambda e: e.update(signatures=[]), "not exactly one signature"),
        (lambda e: e["signatures"][0].update(more="x"), "not exactly one signature"),
        (
            lambda e: e["signatures"].append({"keyid": "0" * 64, "sig": e["signatures"][0]["sig"]}),
            "not exactly one signature",
        ),
        (lambda e: e["signatures"].append(e["signatures"][0]), "no DSSE envelope"),
        (lambda e: e["signatures"][0].update(sig="AAAA"), "not signed with the key"),
        (lambda e: e["signatures"][0].update(keyid="0" * 64), "not signed with the key"),
        (lambda e: e.update(more="x"), "not as it was written"),
        (lambda e: e.pop("signatures"), "no DSSE envelope"),
        (lambda e: e.update(signatures="x"), "no DSSE envelope"),
    ],
)
def test_an_envelope_of_something_else_is_refused(
    made: Path, certificate: Path, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    edited_envelope(certificate, edit)
    (problem,) = verify(certificate, made / "own.pub").problems
    assert problem.file == ENVELOPE_FILE
    assert said in problem.said


def test_a_signed_envelope_of_another_payload_type_is_refused(
    made: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = (certificate / STATEMENT_FILE).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("conformance.certificate.signing.PAYLOAD_TYPE", "application/vnd.other+json")
        envelope = signed(payload, made / "own.key")
    (certificate / ENVELOPE_FILE).write_bytes(envelope)
    (problem,) = verify(certificate, made / "own.pub").problems
    assert "application/vnd.other+json" in problem.said


def test_a_certificate_without_a_signature_lacks_it_for_a_key(made: Path, certificate: Path) -> None:
    (certificate / ENVELOPE_FILE).unlink()
    assert named(certificate, made) == {ENVELOPE_FILE}
    assert verify(certificate, None).problems == ()


def test_keys_are_never_overwritten(made: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        new_key(made / "own")
    assert (made / "own.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "PUBLIC KEY", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_public_key_that_is_none_verifies_nothing(made: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "own.pub").write_text(text)
    try:
        problems = verify(made / "certificate", tmp_path / "own.pub").problems
    except InputError:
        return
    assert [problem.file for problem in problems] == [ENVELOPE_FILE]


def test_keys_of_two_pairs_do_not_sign(made: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "k")
    shutil.copy(made / "own.pub", tmp_path / "k.pub")
    with pytest.raises(InputError, match="cannot sign"):
        signed(b"x", tmp_path / "k.key")
