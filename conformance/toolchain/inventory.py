"""What is in the cache: listed, verified, cleaned."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance import settings
from conformance.model import BinaryOrigin
from conformance.toolchain.cache import Cache, Entry, data_problem
from conformance.toolchain.golang import Go, find_go
from conformance.toolchain.origin import file_sha256, neutral
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import Recipes, load, sha256_of

MINIMUM_GO_TO_READ = "1.18"
"""The first whose `go version -m` reads the build settings."""


@dataclass(frozen=True, slots=True)
class CachedTool:
    """One binary of the cache; `problem` is empty unless it was verified and found wrong."""

    binary: Path
    origin: BinaryOrigin
    size_bytes: int
    problem: str = ""


def cached_tools(cache: Path) -> list[CachedTool]:
    """Return every complete binary of the cache, by name."""
    return [_described(entry) for entry in Cache(cache).entries()]


def verify(cache: Path) -> Iterator[CachedTool]:
    """Hash each binary anew and read its `go version -m` anew; `problem` says what differs from the record.

    Raises:
        ToolchainError: there is no Go to read with.
    """
    folder = Cache(cache)
    entries = folder.entries()
    if entries:
        go = find_go(MINIMUM_GO_TO_READ, settings.data_dir("toolchain"), folder, settings.environment())
        for entry in entries:
            yield _described(entry, _problem(entry, go))


def host_go(cache: Path) -> Go:
    """Return the Go that would build the default release's tools.

    Raises:
        ToolchainError: there is none; says what was found and what to do.
    """
    return _go_for(load(settings.Settings().flux_version, settings.data_dir("toolchain")), cache)


def cache_key(flux_version: str, cache: Path) -> str:
    """Return a digest of all that decides about the binaries of a release: go.mod, go.sum, recipes, Go and platform.

    Those of further sets and the variants count too: what is kept under this name may hold them.

    Raises:
        InputError: no such release.
        ToolchainError: there is no Go to build with.
    """
    recipes = load(flux_version, settings.data_dir("toolchain"))
    builds = (*recipes.builds, *recipes.variants, *recipes.further)
    inputs = [build.key_inputs(tool) for build in builds for tool in build.packages]
    return sha256_of(
        repr(
            [sorted(_go_for(recipes, cache).identity.items()), *(sorted(values.items()) for values in inputs)]
        ).encode()
    )


def _go_for(recipes: Recipes, cache: Path) -> Go:
    return find_go(recipes.minimum_go, recipes.newest_go_folder, Cache(cache), settings.environment())


def clean(cache: Path, progress: Callable[[str], None], *, keep_binaries: bool = False) -> int:
    """Empty the cache, or only what interrupted builds left in it; return the bytes set free.

    Waits for a build that uses it.

    Raises:
        InputError: the cache is not writable.
    """
    folder = Cache(cache)
    folder.check_writable()
    what = f"removing {'what builds left in' if keep_binaries else 'everything from'} {cache}"
    with folder.lock(progress, threading.Event()), Step(progress, what):
        return folder.clean(keep_binaries=keep_binaries)


def _described(entry: Entry, problem: str = "") -> CachedTool:
    return CachedTool(entry.binary, entry.origin, entry.binary.stat().st_size, problem)


def _problem(entry: Entry, go: Go) -> str:
    if file_sha256(entry.binary) != entry.origin.binary_sha256:
        return "its SHA-256 is not the recorded one"
    recorded = entry.binary.with_name("build-info.txt")
    if not recorded.is_file() or neutral(go.build_info(entry.binary)) != recorded.read_text(encoding="utf-8"):
        return "its `go version -m` is not the recorded one"
    return data_problem(entry.binary)
