"""The one rule by which addresses in a repository become addresses of the local servers."""

import contextlib
import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from conformance.errors import InputError

OCI = "oci://"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]+/(\S*/)?")


class AddressMap:
    """Replaces each address prefix by another, as plain text, the longest prefix first, each place once.

    For an `oci://` prefix the same address without the scheme is replaced too, because `image:` of an
    ImageRepository has none; there it must stand at the start of a word.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        for address in (*pairs, *pairs.values()):
            if not _ADDRESS.fullmatch(address):
                raise InputError(
                    f'address "{address}" cannot be mapped',
                    hint='An address has a scheme and a host and ends in "/", like https://git.example.com/.',
                )
        self._pairs = dict(pairs)
        self._targets = self._pairs | {
            source.removeprefix(OCI): target.split("://", 1)[1]
            for source, target in pairs.items()
            if source.startswith(OCI)
        }
        self._pattern = re.compile("|".join(map(_pattern, sorted(self._targets, key=len, reverse=True))))

    def apply(self, text: str) -> str:
        """Return the text with every known prefix replaced."""
        if not self._pairs:
            return text
        return self._pattern.sub(lambda match: self._targets[match[0]], text)

    def describe(self) -> Mapping[str, str]:
        """Return the pairs, for the report."""
        return dict(self._pairs)


def copy_mapped(source: Path, destination: Path, addresses: AddressMap) -> None:
    """Copy a repository's files, without `.git`, and map the addresses in those that are text.

    Raises:
        InputError: `destination` is not empty, or inside `source`.
    """
    source, destination = source.resolve(), destination.resolve()
    if destination.is_relative_to(source) or (destination.is_dir() and any(destination.iterdir())):
        raise InputError(
            f"{destination}: cannot take a copy of {source}", hint="Give an empty folder outside of the repository."
        )
    destination.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if ".git" not in relative.parts:
            _copy_one(path, destination / relative, addresses)


def digest(source: Path) -> str:
    """Return a SHA-256 over the names and contents of a repository's files, without `.git`; links count as links."""
    total = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if ".git" in relative.parts or (path.is_dir() and not path.is_symlink()):
            continue
        link = path.is_symlink()
        data = bytes(path.readlink()) if link else path.read_bytes()
        content = hashlib.sha256(data).hexdigest()
        total.update(f"{'link' if link else 'file'} {content} {relative.as_posix()}\0".encode())
    return total.hexdigest()


def _copy_one(path: Path, target: Path, addresses: AddressMap) -> None:
    if path.is_symlink():
        # Git stores the link, not what it points at.
        target.symlink_to(path.readlink())
    elif path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        content = path.read_bytes()
        # What is not text holds no address.
        with contextlib.suppress(UnicodeDecodeError):
            content = addresses.apply(content.decode("utf-8")).encode("utf-8")
        target.write_bytes(content)
        shutil.copymode(path, target)


def _pattern(address: str) -> str:
    # Without a scheme, only a whole host counts: not my-registry.example.com/, not https://registry.example.com/.
    start = "" if "://" in address else r"(?<![\w.\-/@:])"
    return start + re.escape(address)
