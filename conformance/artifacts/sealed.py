"""Age keys made for the run, and manifests encrypted to them by the real sops; the only importer of pyrage."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pyrage import x25519  # type: ignore[import-untyped]  # a Rust extension without stubs

from conformance.artifacts.publish import tool_environment
from conformance.errors import ProcessError, ServerError
from conformance.model import Manifest
from conformance.process import run

_TIMEOUT_S = 60.0
ENCRYPTED = "^(data|stringData)$"
"""What of a Secret is encrypted; kind and name stay readable, as Flux wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeKey:
    """A key pair of age."""

    recipient: str
    """The public half, `age1…`."""
    identity: str = field(repr=False)
    """The private half, `AGE-SECRET-KEY-1…`."""


def make_age_key() -> AgeKey:
    """Return a new key pair."""
    identity = x25519.Identity.generate()
    return AgeKey(recipient=str(identity.to_public()), identity=str(identity))


def seal(sops: Path, manifest: Manifest, keys: Sequence[AgeKey], *, home: Path) -> str:
    """Return a Secret as YAML whose values only the holder of one of these keys can read.

    Raises:
        ServerError: sops refuses.
    """
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        plain = Path(folder) / "plain.yaml"
        plain.write_text(yaml.safe_dump(manifest, sort_keys=False))
        recipients = ",".join(key.recipient for key in keys)
        words = ["encrypt", f"--age={recipients}", f"--encrypted-regex={ENCRYPTED}", str(plain)]
        try:
            return run([sops, *words], timeout_s=_TIMEOUT_S, env=tool_environment(home)).stdout
        except ProcessError as error:
            raise ServerError(f"sops cannot encrypt: {error.what}") from error
