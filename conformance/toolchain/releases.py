"""The Flux releases of `flux-releases.yaml`: which can be certified, and on which Kubernetes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import InputError, ToolchainError
from conformance.toolchain.recipes import version_tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One Flux release."""

    version: str
    kubernetes: Sequence[str]
    """Minors that Flux supports with it, such as 1.36; the newest first."""
    missing: Sequence[str]
    """Parts that no Go module serves; not empty: it cannot be certified."""
    substituted: Sequence[str]
    """Parts in whose build a module stands in for another; not empty: the verdict is provisional."""


def releases(data: Path, version: str = "") -> list[Release]:
    """Return the Flux releases, or the one that is named; the newest first.

    Raises:
        InputError: there is no such release, or it was named and cannot be certified.
        ToolchainError: the data files cannot be read.
    """
    known = _read(data / "flux-releases.yaml")["releases"]
    parts = [build["name"] for build in _read(data / "tools.yaml")["builds"] if build.get("per_release")]
    found = [_release(name, known[name], parts) for name in sorted(known, key=version_tuple, reverse=True)]
    if not version:
        return found
    chosen = [release for release in found if release.version == version]
    if not chosen:
        raise InputError(f"unknown Flux version '{version}'", hint=f"known versions: {', '.join(known)}")
    for release in chosen:
        if release.missing:
            raise InputError(
                f"Flux {version} cannot be certified: it lacks {', '.join(release.missing)}",
                hint="`flux-tenancy toolchain releases` prints those that can",
            )
    return chosen


def _release(name: str, entry: Mapping[str, Any], parts: Sequence[str]) -> Release:
    return Release(
        version=name,
        kubernetes=tuple(sorted(entry["kubernetes"], key=version_tuple, reverse=True)),
        missing=tuple(part for part in parts if part not in entry["parts"]),
        substituted=tuple(sorted({substitution["part"] for substitution in entry["substitutions"]})),
    )


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolchainError(f"cannot read {path}: {error.strerror}", hint="is the installation complete?") from error
