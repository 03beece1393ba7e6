"""Signatures of OCI artifacts as cosign lays them beside an artifact; the only importer of cryptography.

A signature is an artifact of its own: its one layer names the signed digest, an annotation holds the signature of that
layer, and its tag is made of the signed digest.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.artifacts.upload import MANIFEST, as_json, ask, blob, sha256

_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
_SIGNATURE = "dev.cosignproject.cosign/signature"


def sign(registry: str, repository: str, tag: str) -> tuple[str, str]:
    """Sign what a tag of a registry (`host:port`) means now, with a new key; return its digest, and the public key.

    Raises:
        ServerError: there is no such tag, or the registry refuses the signature.
    """
    base = f"http://{registry}/v2/{repository}"
    digest = ask("HEAD", f"{base}/manifests/{tag}", accept=MANIFEST)["Docker-Content-Digest"]
    key = ec.generate_private_key(ec.SECP256R1())
    payload = as_json({"critical": _critical(f"{registry}/{repository}", digest), "optional": None})
    signature = base64.b64encode(key.sign(payload, ec.ECDSA(SHA256()))).decode()
    config = as_json(
        {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha256(payload)]}}
    )
    layer = {**blob(base, payload, _LAYER), "annotations": {_SIGNATURE: signature}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(base, config, "application/vnd.oci.image.config.v1+json"),
        "layers": [layer],
    }
    ask("PUT", f"{base}/manifests/{digest.replace(':', '-')}.sig", data=as_json(manifest), content=MANIFEST)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return digest, public


def _critical(reference: str, digest: str) -> dict[str, Any]:
    return {
        "identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
