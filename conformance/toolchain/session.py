"""The toolchain of one run: tools found at once, or built in a thread while callers wait for the one that they need."""

import atexit
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance import settings
from conformance.errors import ConformanceError, ToolchainError
from conformance.model import BinaryOrigin
from conformance.toolchain.builder import Builder
from conformance.toolchain.cache import Cache, Entry
from conformance.toolchain.finder import Finder
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import GIB, Build, load


@dataclass(frozen=True, slots=True)
class _Job:
    build: Build
    tools: Sequence[str]
    ends_set: bool
    """The last of a background set: Go's caches are dropped after it."""


class Toolchain:
    """Finds or builds the tools of one Flux release. Use as a context manager, or call `close()`.

    Args:
        flux_version: a release of `toolchain/flux-releases.yaml`.
        folder: an explicit folder of binaries, asked before the cache; it may hold some of the tools only.
        cache: the cache folder, `settings.cache_dir()` ordinarily.
        progress: receives each line of progress; called from several threads.
        data: the recipes; the ones of this package when None.

    Raises:
        InputError: unknown Flux version, no such folder, cache not writable; nothing was changed.
    """

    def __init__(
        self,
        flux_version: str,
        folder: Path | None,
        cache: Path,
        progress: Callable[[str], None],
        *,
        data: Path | None = None,
    ) -> None:
        self.recipes = load(flux_version, data or settings.data_dir("toolchain"))
        self._cache = Cache(cache)
        self._finder = Finder(self.recipes, folder, self._cache, progress)
        self._cache.check_writable()
        self._progress = progress
        self._lock = threading.Lock()
        self._results: dict[str, Future[Entry]] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._queued = self._begun = self._built = self._failed = 0
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def require(self, tools: Sequence[str], *, background: bool = False) -> None:
        """Find these tools, or build them in this order; return when all are there, or at once with `background`.

        Name a variant in the same call as its base: it is then built right after it, from the same hot caches.

        Raises:
            InputError: the disk is too small; nothing was built.
            ToolchainError: no such tool, no usable Go, or (not in background) a build failed.
        """
        with self._lock:
            missing = self._look_up(tools)
            if missing:
                self._enqueue(missing, drop=background)
        if not background:
            for tool in tools:
                self.path(tool)

    def path(self, tool: str) -> Path:
        """Return the binary of a tool; waits while it is being built, and builds it when nobody has required it.

        Raises:
            ToolchainError: it cannot be found or built.
        """
        if tool not in self._results:
            self.require([tool], background=True)
        try:
            return self._results[tool].result().binary
        except CancelledError:
            raise ToolchainError(f"{tool} is not built: the toolchain was closed") from None
        except KeyboardInterrupt:
            self.close()
            raise

    def origins(self) -> list[BinaryOrigin]:
        """Return where the tools came from, of all that are there by now."""
        with self._lock:
            results = list(self._results.values())
        done = [r for r in results if r.done() and not r.cancelled() and r.exception() is None]
        return [result.result().origin for result in done]

    def close(self) -> None:
        """Stop a running build with its whole process group; drop Go's caches when nothing is left to be built."""
        atexit.unregister(self.close)
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if not all(result.done() for result in self._results.values()):
            self._stop.set()
        self._jobs.put(None)
        worker.join()
        self._drop_caches()

    def _look_up(self, tools: Sequence[str]) -> dict[str, list[str]]:
        """Record the tools that are there, and return build name -> tools for those that must be built."""
        missing: dict[str, list[str]] = {}
        for tool in dict.fromkeys(tools):
            known = self._results.get(tool)
            if known is not None and not (known.done() and (known.cancelled() or known.exception())):
                continue
            found = self._finder.find(tool)
            if found is None:
                missing.setdefault(self.recipes.build_of(tool).name, []).append(tool)
            else:
                self._results[tool] = Future()
                self._results[tool].set_result(found)
        return missing

    def _enqueue(self, missing: dict[str, list[str]], *, drop: bool) -> None:
        builds = [self.recipes.build_of(tools[0]) for tools in missing.values()]
        need = self._finder.check_can_build(builds)
        names = ", ".join(missing)
        self._progress(f"toolchain: to build: {names}; needs up to {need / GIB:.1f} GiB of disk meanwhile")
        for build in builds:
            for tool in missing[build.name]:
                self._results[tool] = Future()
            self._jobs.put(_Job(build, missing[build.name], drop and build is builds[-1]))
        self._queued += len(builds)
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="toolchain", daemon=True)
            self._worker.start()
            atexit.register(self.close)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._begun += 1
            try:
                self._do(job)
            except Exception as error:  # noqa: BLE001  whatever it is belongs to whoever waits for the tool
                self._give_up(job, error)
            if job.ends_set and self._jobs.empty():
                self._drop_caches()

    def _do(self, job: _Job) -> None:
        if self._stop.is_set():
            raise ToolchainError(f"{job.build.name} is not built: the toolchain was closed")
        with self._cache.lock(self._tell, self._stop):
            # Another process may have built them while this one waited.
            found = {tool: entry for tool in job.tools if (entry := self._finder.in_cache(tool))}
            rest = [tool for tool in job.tools if tool not in found]
            if rest:
                what = f"toolchain: building {', '.join(rest)} ({self._begun} of {self._queued})"
                with Step(self._progress, what) as step:
                    found |= Builder(job.build, self._finder.go(job.build), self._cache, step, self._stop).make(rest)
                self._built += 1
        for tool, entry in found.items():
            self._results[tool].set_result(entry)

    def _give_up(self, job: _Job, error: Exception) -> None:
        self._failed += 1
        known = (
            error if isinstance(error, ConformanceError) else ToolchainError(f"cannot build {job.build.name}: {error}")
        )
        for tool in job.tools:
            self._results[tool].set_exception(known)

    def _tell(self, line: str) -> None:
        self._progress(f"toolchain: {line}")

    def _drop_caches(self) -> None:
        """Remove Go's caches when a set is complete, as far as they are the suite's own: GiB that nobody needs now."""
        if not self._built or self._failed or self._stop.is_set():
            return
        self._built = 0
        with self._cache.lock(self._tell, self._stop), Step(self._progress, "toolchain: dropping Go's caches"):
            freed = self._cache.drop(self._finder.go(self.recipes.builds[0]).own_caches)
        self._progress(f"toolchain: complete; {freed / GIB:.1f} GiB of build caches released")
