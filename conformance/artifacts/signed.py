"""Signatures of OCI artifacts as cosign lays them beside an artifact; the only importer of cryptography.

A signature is an artifact of its own: its one layer names the signed digest, an annotation holds the signature of that
layer, and its tag is made of the signed digest.
"""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.errors import ServerError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_TIMEOUT_S = 10.0


def sign(registry: str, repository: str, tag: str) -> tuple[str, str]:
    """Sign what a tag of a registry (`host:port`) means now, with a new key; return its digest, and the public key.

    Raises:
        ServerError: there is no such tag, or the registry refuses the signature.
    """
    base = f"http://{registry}/v2/{repository}"
    digest = _ask("HEAD", f"{base}/manifests/{tag}", accept=MANIFEST)["Docker-Content-Digest"]
    key = ec.generate_private_key(ec.SECP256R1())
    payload = _json({"critical": _critical(f"{registry}/{repository}", digest), "optional": None})
    signature = base64.b64encode(key.sign(payload, ec.ECDSA(SHA256()))).decode()
    config = _json(
        {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [_sha(payload)]}}
    )
    layer = {**_blob(base, payload, _LAYER), "annotations": {_SIGNATURE: signature}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _blob(base, config, "application/vnd.oci.image.config.v1+json"),
        "layers": [layer],
    }
    _ask("PUT", f"{base}/manifests/{digest.replace(':', '-')}.sig", data=_json(manifest), content=MANIFEST)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return digest, public


def _critical(reference: str, digest: str) -> dict[str, Any]:
    return {
        "identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }


def _blob(base: str, content: bytes, media_type: str) -> dict[str, Any]:
    """Upload a blob, and return its descriptor."""
    place = _ask("POST", f"{base}/blobs/uploads/")["Location"]
    joint = "&" if "?" in place else "?"
    _ask("PUT", f"{place}{joint}digest={_sha(content)}", data=content, content="application/octet-stream")
    return {"mediaType": media_type, "size": len(content), "digest": _sha(content)}


def _ask(method: str, url: str, *, data: bytes = b"", content: str = "", accept: str = "*/*") -> Any:
    request = urllib.request.Request(url, data=data or None, method=method, headers={"Accept": accept})  # noqa: S310
    if content:
        request.add_header("Content-Type", content)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return answer.headers
    except (urllib.error.URLError, TimeoutError) as error:
        raise ServerError(f"the OCI registry does not take the signature: {method} {url}: {error}") from error


def _sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
