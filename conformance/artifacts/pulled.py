"""A chart from somebody else's registry, pulled by helm: the archive, and the digest by which the registry knows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from conformance.artifacts.publish import tool_environment
from conformance.errors import ProcessError, ServerError
from conformance.process import run
from conformance.settings import network_environment

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DIGEST = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of an OCI registry, on this machine."""

    address: str
    """With oci://, without a version."""
    version: str
    digest: str
    """Of its manifest in the registry: `sha256:` and 64 hexadecimal digits."""
    archive: Path
    about: Mapping[str, Any]
    """Its Chart.yaml."""

    def __str__(self) -> str:
        return f"{self.address}:{self.version} ({self.digest})"


def pull_chart(helm: Path, address: str, version: str, into: Path, *, home: Path, timeout_s: float) -> Chart:
    """Pull one version of a chart without credentials; by plain HTTP where the registry is on loopback.

    Args:
        into: a folder for the archive; made if it is not there.
        home: a folder in place of the user's home, whose registry credentials are not read.

    Raises:
        ServerError: the registry is silent, has no such chart, or gives something else; helm's own words are in it.
    """
    into.mkdir(parents=True, exist_ok=True)
    plain = ["--plain-http"] if urlsplit(address).hostname in _LOOPBACK else []
    env = {**tool_environment(home), **network_environment()}
    try:
        said = run(
            [helm, "pull", address, "--version", version, "--destination", into, *plain], timeout_s=timeout_s, env=env
        )
        (archive,) = into.glob("*.tgz")
        about = yaml.safe_load(run([helm, "show", "chart", archive], timeout_s=timeout_s, env=env).stdout)
    except ProcessError as error:
        raise ServerError(f"cannot pull the chart {address} in version {version}: {error.what}") from error
    digest = _DIGEST.search(f"{said.stdout}\n{said.stderr}")
    if digest is None:
        raise ServerError(f"helm says no digest of {address} in version {version}: {said.stdout}{said.stderr}")
    return Chart(address=address, version=version, digest=digest[1], archive=archive, about=about)
