"""A signature of a commit has the form of OpenSSH's PROTOCOL.sshsig, and is good under the public key."""

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conformance.repos.ssh import make_key, signed_by

COMMIT = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nInitial commit\n"


def fields(content: bytes) -> list[bytes]:
    found = []
    while content:
        size = int.from_bytes(content[:4], "big")
        found.append(content[4 : 4 + size])
        content = content[4 + size :]
    return found


def test_a_commit_is_signed_for_git_and_for_nothing_else() -> None:
    key = make_key()
    first, *lines, last = signed_by(key, COMMIT).splitlines()
    assert (first, last) == ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----")
    assert max(map(len, lines)) == 70
    content = base64.b64decode("".join(lines))
    assert content[:10] == b"SSHSIG" + bytes([0, 0, 0, 1])
    public, namespace, reserved, algorithm, signature = fields(content[10:])
    assert base64.b64encode(public).decode() == key.public.split()[1]
    assert (namespace, reserved, algorithm) == (b"git", b"", b"sha512")
    parts = (b"git", b"", b"sha512", hashlib.sha512(COMMIT).digest())
    said = b"SSHSIG" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    kind, made = fields(signature)
    assert kind == b"ssh-ed25519"
    verifier = Ed25519PublicKey.from_public_bytes(fields(public)[1])
    verifier.verify(made, said)
    with pytest.raises(InvalidSignature):
        verifier.verify(made, said + b" ")
