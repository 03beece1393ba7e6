"""Uploads to the registry by its own protocol: what helm and flux do not make, such as signatures and symlinks.

The protocol is that of the OCI distribution specification: blobs first, then a manifest that names them.
"""

import hashlib
import io
import json
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from conformance.errors import ServerError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.flux.config.v1+json"
_CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
_TIMEOUT_S = 10.0


def push_links(registry: str, repository: str, folder: Path, inside: str, *, tag: str = "latest") -> str:
    """Push a folder as `flux push artifact` does, but with its symlinks; return the digest.

    Args:
        registry: `host:port`.
        inside: the folder that is pushed, relative to `folder`, and its path in the artifact.

    Raises:
        ServerError: the registry refuses it.
    """
    base = f"http://{registry}/v2/{repository}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder / inside, inside)
    manifest = as_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(base, as_json({}), _CONFIG),
            "layers": [blob(base, packed.getvalue(), _CONTENT)],
        }
    )
    ask("PUT", f"{base}/manifests/{tag}", data=manifest, content=MANIFEST)
    return sha256(manifest)


def blob(base: str, content: bytes, media_type: str) -> dict[str, Any]:
    """Upload a blob to `http://host:port/v2/repository`, and return its descriptor.

    Raises:
        ServerError: the registry refuses it.
    """
    place = ask("POST", f"{base}/blobs/uploads/")["Location"]
    joint = "&" if "?" in place else "?"
    ask("PUT", f"{place}{joint}digest={sha256(content)}", data=content, content="application/octet-stream")
    return {"mediaType": media_type, "size": len(content), "digest": sha256(content)}


def ask(method: str, url: str, *, data: bytes = b"", content: str = "", accept: str = "*/*") -> Any:
    """Send one request to the registry; return the headers of its answer.

    Raises:
        ServerError: the registry refuses it, or does not answer within 10 s.
    """
    request = urllib.request.Request(url, data=data or None, method=method, headers={"Accept": accept})  # noqa: S310
    if content:
        request.add_header("Content-Type", content)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return answer.headers
    except (urllib.error.URLError, TimeoutError) as error:
        raise ServerError(f"the OCI registry refuses an upload: {method} {url}: {error}") from error


def sha256(content: bytes) -> str:
    """Return the digest of a content, as descriptors and tags name it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def as_json(document: object) -> bytes:
    """Return a document as the bytes that are uploaded: what a digest is made of."""
    return json.dumps(document, separators=(",", ":")).encode()
