"""What is uploaded to the real registry by its own protocol: signatures, verified when read back, and symlinks."""

import base64
import http.client
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from conformance.artifacts import Registry, package_charts, push_charts, push_links, sign
from conformance.artifacts.upload import MANIFEST, sha256
from conformance.errors import ServerError
from conformance.process import Supervisor

CHART = "example/charts/tiny"


@pytest.fixture
def registry(binary: Callable[[str], Path], tmp_path: Path) -> Iterator[Registry]:
    """A registry that holds the chart tiny, 0.1.0."""
    supervisor = Supervisor("test-signed")
    registry = Registry(binary("registry"), tmp_path / "registry", supervisor, tmp_path / "registry.log")
    registry.start()
    source = tmp_path / "sources" / "tiny"
    source.mkdir(parents=True)
    (source / "Chart.yaml").write_text("apiVersion: v2\nname: tiny\nversion: 0.1.0\n")
    archives = package_charts(binary("helm"), source.parent, tmp_path / "out", home=tmp_path / "home")
    push_charts(binary("helm"), archives, f"{registry.url}/example/charts", home=tmp_path / "home")
    yield registry
    supervisor.stop_all()


def read(registry: Registry, path: str) -> bytes:
    connection = http.client.HTTPConnection(registry.address, timeout=10)
    try:
        connection.request("GET", f"/v2/{CHART}/{path}", headers={"Accept": MANIFEST})
        return connection.getresponse().read()
    finally:
        connection.close()


def signature_of(registry: Registry, digest: str) -> tuple[bytes, bytes]:
    manifest: Any = json.loads(read(registry, f"manifests/{digest.replace(':', '-')}.sig"))
    (layer,) = manifest["layers"]
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    return read(registry, f"blobs/{layer['digest']}"), signature


def test_what_is_signed_names_the_digest_and_the_signature_is_good(registry: Registry) -> None:
    digest, public = sign(registry.address, CHART, "0.1.0")
    payload, signature = signature_of(registry, digest)
    assert json.loads(payload)["critical"]["image"] == {"docker-manifest-digest": digest}
    key = load_pem_public_key(public.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, payload, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signature, payload + b" ", ec.ECDSA(SHA256()))


def test_a_tag_that_is_not_there_is_named(registry: Registry) -> None:
    with pytest.raises(ServerError, match=r"HEAD .*/manifests/9\.9\.9: .*404"):
        sign(registry.address, CHART, "9.9.9")


def test_an_artifact_has_the_symlinks_of_the_folder_and_nothing_beside_it(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "checkout" / "attacks"
    folder.mkdir(parents=True)
    (folder.parent / "secret").write_text("not pushed")
    (folder / "file").write_text("harmless")
    (folder / "link").symlink_to("/etc/passwd")
    digest = push_links(registry.address, CHART, folder.parent, "attacks", tag="links")
    manifest = read(registry, "manifests/links")
    assert sha256(manifest) == digest
    (layer,) = json.loads(manifest)["layers"]
    with tarfile.open(fileobj=io.BytesIO(read(registry, f"blobs/{layer['digest']}"))) as archive:
        assert sorted(archive.getnames()) == ["attacks", "attacks/file", "attacks/link"]
        link = archive.getmember("attacks/link")
        assert (link.issym(), link.linkname) == (True, "/etc/passwd")


def test_a_registry_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(ServerError, match="the OCI registry refuses an upload: POST http:"):
        push_links("127.0.0.1:1", "a", tmp_path, "x")
