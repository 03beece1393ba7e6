"""The Flux releases of `flux-releases.yaml`: which can be certified, and on which Kubernetes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import InputError, ToolchainError
from conformance.toolchain.recipes import version_tuple

_CLI = "flux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One Flux release."""

    version: str
    kubernetes: Sequence[str]
    """Minors that Flux supports with it, such as 1.36; the newest first."""
    missing: Sequence[str]
    """Parts that have to be built and that no Go module serves; not empty: it cannot be certified."""
    substituted: Sequence[str]
    """Parts in whose build a module stands in for another; not empty: the verdict is provisional."""


def releases(data: Path, version: str = "", *, images: bool = False) -> list[Release]:
    """Return the Flux releases, or the one that is named; the newest first.

    Args:
        data: the folder of `flux-releases.yaml`.
        version: the only release to return.
        images: the controllers run as images, as on Kind: of a release only its CLI has to be built.

    Raises:
        InputError: there is no such release, or it was named and cannot be certified.
        ToolchainError: the data files cannot be read.
    """
    known = _read(data / "flux-releases.yaml")["releases"]
    parts = [build["name"] for build in _read(data / "tools.yaml")["builds"] if build.get("per_release")]
    parts = [part for part in parts if not images or part == _CLI]
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


def pair_of(data: Path, source: str = "", target: str = "") -> tuple[str, str]:
    """Return the releases of an upgrade; what is not named is the newest that there is, or the newest whole before it.

    Raises:
        InputError: no release before the target can be certified.
        ToolchainError: the data files cannot be read.
    """
    known = releases(data)
    names = [release.version for release in known]
    target = target or names[0]
    older = known[names.index(target) + 1 :] if target in names else []
    whole = [release.version for release in older if not release.missing]
    if not source and not whole:
        raise InputError(
            f"no release before '{target}' is known that can be certified",
            hint=f"give --from; known: {', '.join(names)}",
        )
    return source or whole[0], target


def upgrades_since(data: Path, before: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the upgrades to the releases that an earlier `flux-releases.yaml` lacks, the oldest first.

    Each is from the release that `pair_of` chooses. Returned beside them: the releases that have none before them.

    Raises:
        InputError: the earlier file is none of releases.
        ToolchainError: the data files cannot be read.
    """
    earlier = _earlier(before)
    found, lonely = list[tuple[str, str]](), list[str]()
    for release in reversed(releases(data)):
        if release.version in earlier:
            continue
        try:
            found.append(pair_of(data, target=release.version))
        except InputError:
            lonely.append(release.version)
    return found, lonely


def _earlier(path: Path) -> frozenset[str]:
    hint = (
        "give toolchain/flux-releases.yaml as an earlier commit has it: `git show COMMIT:toolchain/flux-releases.yaml`"
    )
    try:
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}", hint=hint) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"'{path}' is no YAML", hint=hint) from error
    if not isinstance(known, Mapping) or not isinstance(known.get("releases"), Mapping):
        raise InputError(f"'{path}' lists no releases", hint=hint)
    return frozenset(map(str, known["releases"]))


def _release(name: str, entry: Mapping[str, Any], parts: Sequence[str]) -> Release:
    return Release(
        version=name,
        kubernetes=tuple(sorted(entry["kubernetes"], key=version_tuple, reverse=True)),
        missing=tuple(part for part in parts if part not in entry["parts"]),
        substituted=tuple(sorted({one["part"] for one in entry["substitutions"]} & set(parts))),
    )


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolchainError(f"cannot read {path}: {error.strerror}", hint="is the installation complete?") from error
