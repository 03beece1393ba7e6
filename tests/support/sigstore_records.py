"""Sigstore's records made here, with keys of our own: an authority, its two logs, a root of trust, and bundles.

What a bundle holds is made as the services make it, so that the library judges it as it judges theirs.
"""

import base64
import datetime as dt
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WORKFLOW = "https://github.com/o/r/.github/workflows/certify.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ORIGIN = "log.example - 1"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Records:
    """One authority; another one of these is somebody else's."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        self._authority, self._certificates, self._entries = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self._root = self._certificate_of_itself()

    def write_root(self, path: Path) -> Path:
        """Write the root of trust; return its path."""
        path.write_text(json.dumps(self.root))
        return path

    @property
    def root(self) -> dict[str, Any]:
        valid = {"start": (self.now - dt.timedelta(days=1)).isoformat().replace("+00:00", "Z")}
        authority = {
            "subject": {"organization": "here", "commonName": "authority"},
            "uri": "https://authority.example",
            "certChain": {"certificates": [{"rawBytes": encoded(self._root.public_bytes(Encoding.DER))}]},
            "validFor": valid,
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self._entries, valid)],
            "certificateAuthorities": [authority],
            "ctlogs": [_log(self._certificates, valid)],
            "timestampAuthorities": [],
        }

    def attested(self, statement: bytes, identity: str = WORKFLOW, payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
        """Return a bundle as `actions/attest` leaves it: the statement again, in a spelling of its own."""
        payload = json.dumps(json.loads(statement), separators=(",", ":"), ensure_ascii=False).encode()
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._leaf(key, identity)
        signed = b"DSSEv1 %d %b %d %b" % (len(payload_type), payload_type.encode(), len(payload), payload)
        signature = key.sign(signed, ec.ECDSA(SHA256()))
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": encoded(leaf.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(payload, signature, leaf)],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "dsseEnvelope": {
                "payload": encoded(payload),
                "payloadType": payload_type,
                "signatures": [{"sig": encoded(signature), "keyid": ""}],
            },
        }

    def _certificate_of_itself(self) -> x509.Certificate:
        public = self._authority.public_key()
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs certificates, lists
        return (
            self._begun(self._name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._authority, SHA256())
        )

    def _leaf(self, key: ec.EllipticCurvePrivateKey, identity: str) -> x509.Certificate:
        """Return a signer's certificate, with the promise of the log of certificates that it holds it."""
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # signs
        names = {"1": ISSUER.encode(), "8": _text(ISSUER)}
        begun = (
            self._begun(x509.Name([]), key.public_key())
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.public_key()), critical=False
            )
        )
        for number, value in names.items():
            oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
            begun = begun.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        before = begun.sign(self._authority, SHA256()).tbs_certificate_bytes
        promises = x509.UnrecognizedExtension(_LIST, self._promise(before))
        return begun.add_extension(promises, critical=False).sign(self._authority, SHA256())

    def _begun(self, name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        span = dt.timedelta(hours=1)
        return x509.CertificateBuilder(
            self._name, name, public, x509.random_serial_number(), self.now - span, self.now + span
        )

    def _promise(self, before: bytes) -> bytes:
        """Return the list of one signed timestamp of a certificate (RFC 6962, section 3.2)."""
        moment = struct.pack("!Q", int(self.now.timestamp() * 1000))
        entry = _id(self._authority) + len(before).to_bytes(3, "big") + before
        signed = b"\x00\x00" + moment + b"\x00\x01" + entry + b"\x00\x00"
        signature = self._certificates.sign(signed, ec.ECDSA(SHA256()))
        stamp = b"\x00" + _id(self._certificates) + moment + b"\x00\x00\x04\x03" + _sized(signature)
        return _octets(_sized(_sized(stamp)))

    def _entry(self, payload: bytes, signature: bytes, leaf: x509.Certificate) -> dict[str, Any]:
        """Return the entry of the transparency log, which holds nothing else: its root is this entry."""
        verifier = encoded(leaf.public_bytes(Encoding.PEM))
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": encoded(signature), "verifier": verifier}],
            },
        }
        canonical = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        top, moment = hashlib.sha256(b"\x00" + canonical).digest(), int(self.now.timestamp())
        note = f"{_ORIGIN}\n1\n{encoded(top)}\n"
        mark = encoded(_id(self._entries)[:4] + self._entries.sign(note.encode(), ec.ECDSA(SHA256())))
        promised = {
            "body": encoded(canonical),
            "integratedTime": moment,
            "logID": _id(self._entries).hex(),
            "logIndex": 0,
        }
        promise = json.dumps(promised, separators=(",", ":"), sort_keys=True).encode()
        return {
            "logIndex": "0",
            "logId": {"keyId": encoded(_id(self._entries))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(moment),
            "inclusionPromise": {
                "signedEntryTimestamp": encoded(self._entries.sign(promise, ec.ECDSA(SHA256()))),
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": encoded(top),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 {_ORIGIN.split(maxsplit=1)[0]} {mark}\n"},
            },
            "canonicalizedBody": encoded(canonical),
        }


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _log(key: ec.EllipticCurvePrivateKey, valid: dict[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": "https://log.example",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": encoded(_public(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid},
        "logId": {"keyId": encoded(_id(key))},
    }


def _sized(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _octets(data: bytes) -> bytes:
    return bytes([0x04, *_length(len(data))]) + data


def _text(text: str) -> bytes:
    return bytes([0x0C, *_length(len(text))]) + text.encode()


def _length(size: int) -> list[int]:
    return [size] if size < 128 else [0x81, size]
