"""Where a tool is: in the folder that the user gave, or in the cache; and whether it could be built."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance import settings
from conformance.errors import InputError, ToolchainError
from conformance.toolchain.cache import Cache, Entry
from conformance.toolchain.golang import Go, find_go
from conformance.toolchain.origin import origin_of_folder, parse_build_info
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import RUN_SET, Build, Recipes, go_line


class Finder:
    """Looks for tools, without building any.

    Args:
        recipes: the tools of a Flux release.
        folder: the user's folder of binaries, asked first.
        cache: asked next.
        tell: receives a line when the search takes long.

    Raises:
        InputError: the given folder does not exist.
    """

    def __init__(self, recipes: Recipes, folder: Path | None, cache: Cache, tell: Callable[[str], None]) -> None:
        if folder is not None and not folder.is_dir():
            raise InputError(f"toolchain folder {folder} does not exist", hint="name a folder that holds the binaries")
        self._recipes = recipes
        self._folder = folder
        self._cache = cache
        self._tell = tell
        self._go: dict[Path, Go | ToolchainError] = {}

    def find(self, tool: str) -> Entry | None:
        """Return the tool from the folder or else from the cache; None: it must be built."""
        build = self._recipes.build_of(tool)
        given = self._folder / tool if self._folder else None
        # A mutated controller is never taken from a folder: nothing would prove what was put into it.
        if given is not None and not build.patches and given.is_file() and os.access(given, os.X_OK):
            go = self._go_in(self._recipes.newest_go_folder)  # any Go reads what any other built
            info = parse_build_info(go.build_info(given)) if isinstance(go, Go) else None
            return Entry(given, origin_of_folder(tool, build, info, given))
        return self.in_cache(tool)

    def in_cache(self, tool: str) -> Entry | None:
        """Return the tool from the cache, made with this machine's Go; without one, with any Go."""
        build = self._recipes.build_of(tool)
        # Go would have to be fetched anew for each look; the go.mod, which is part of the key, names the one to take.
        if build.set != RUN_SET and self._recipes.asks_for_newer_go(build):
            return self._cache.find(build.key_inputs(tool), None)
        go = self._go_or_reason(build)
        return self._cache.find(build.key_inputs(tool), go.identity if isinstance(go, Go) else None)

    def go(self, build: Build) -> Go:
        """Return the Go to build with; raises ToolchainError when there is none."""
        go = self._go_or_reason(build)
        if isinstance(go, ToolchainError):
            raise go
        return go

    def _go_or_reason(self, build: Build) -> Go | ToolchainError:
        return self._go_in(self._recipes.go_folder(build))

    def _go_in(self, folder: Path) -> Go | ToolchainError:
        if folder not in self._go:
            try:
                # GOTOOLCHAIN may fetch a newer Go here.
                with Step(self._tell, "toolchain: waiting for Go", brief=True):
                    self._go[folder] = find_go(go_line(folder), folder, self._cache, settings.environment())
            except ToolchainError as error:
                self._go[folder] = error
        return self._go[folder]

    def check_can_build(self, builds: Sequence[Build]) -> int:
        """Return the bytes that building may take meanwhile.

        Raises:
            ToolchainError: no usable Go.
            InputError: not that much free.
        """
        for go in map(self._go_or_reason, builds):
            if isinstance(go, ToolchainError):
                names = ", ".join(build.name for build in builds)
                raise ToolchainError(
                    f"{names}: neither in a given folder nor in the cache, and {go.what}", hint=go.hint
                )
        # A variant shares its base's caches: one folder is counted once.
        need = sum({build.folder: build.disk_bytes for build in builds}.values())
        self._cache.check_free(need)
        return need
