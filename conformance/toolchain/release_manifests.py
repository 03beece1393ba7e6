"""The manifests of every Flux release, as data: they lie in the Flux Operator's module, which the toolchain pins.

Taken from beside the cached operator where it was built; else the module alone is fetched, checked against the pinned
go.sum, and its data are kept in the cache.
"""

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance import settings
from conformance.errors import Breakdown, InputError, ToolchainError
from conformance.toolchain.cache import Cache
from conformance.toolchain.golang import find_go
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import Build, data_of, load, version_tuple
from conformance.toolchain.sources import module_zip, unpack

OPERATOR = "flux-operator"
INNER = "config/data/flux"
OLDEST_GO = "1.21"
"""The first that obeys a go.mod's `go` line; to fetch data, none newer is needed."""
_GO_MOD = f"module release-data\n\ngo {OLDEST_GO}\n"
_NEXT = "see that GOPROXY names a module proxy that can be reached, and run this again"


@dataclass(frozen=True, slots=True)
class ReleaseData:
    """Where the manifests of all releases are, and what they are a part of."""

    folder: Path
    module: str
    version: str

    @property
    def versions(self) -> list[str]:
        """The releases that are there, oldest first."""
        found = (path.name.removeprefix("v") for path in self.folder.iterdir() if path.name.startswith("v"))
        return sorted(found, key=version_tuple)

    def manifests(self, version: str) -> Mapping[str, str]:
        """Return the manifests of one release: name of the file -> text.

        Raises:
            InputError: no such release.
        """
        if version not in self.versions:
            raise InputError(
                f"the data have no Flux release '{version}'",
                hint=f"{self.module} {self.version} has {', '.join(self.versions)}; a newer one: "
                "raise it in toolchain/flux-operator/go.mod",
            )
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.folder.glob(f"v{version}/*.yaml"))}


def release_data(folder: Path, tell: Callable[[str], None], *, data: Path | None = None) -> ReleaseData:
    """Return the manifests of all releases, fetched if they are not in this cache folder.

    Args:
        folder: the cache folder, `settings.cache_dir()` ordinarily.
        tell: receives a line when fetching takes long.
        data: the recipes; the ones of this package when None.

    Raises:
        ToolchainError: they are not in the cache and cannot be fetched; says what to do.
        InputError: the cache is not writable, and something must be fetched.
    """
    build = load(settings.Settings().flux_version, data or settings.data_dir("toolchain")).build_of(OPERATOR)
    cache = Cache(folder)
    found = _beside_operator(build, cache) or _kept(build, cache)
    return ReleaseData(found or _fetched(build, cache, tell), build.module, build.version)


def _beside_operator(build: Build, cache: Cache) -> Path | None:
    entry = cache.find(build.key_inputs(OPERATOR), None)
    below = data_of(entry.binary) / INNER if entry else None
    return below if below and below.is_dir() else None


def _kept(build: Build, cache: Cache) -> Path | None:
    kept = _place(build, cache)
    return kept if kept.is_dir() else None


def _place(build: Build, cache: Cache) -> Path:
    return cache.data / f"{OPERATOR}@{build.version}"


def _fetched(build: Build, cache: Cache, tell: Callable[[str], None]) -> Path:
    """Fetch the module and keep its data, in one step: an interrupted fetch leaves nothing that looks complete."""
    cache.check_writable()
    stop = threading.Event()
    try:
        with cache.lock(tell, stop), cache.workspace() as work, Step(tell, f"fetching {build.module} {build.version}"):
            target = work / "unpacked"
            unpack(_zip(build, cache, work), f"{INNER}/", target)
            place = _place(build, cache)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.is_dir():
                target.rename(place)
    except Breakdown as error:
        raise _not_to_be_had(build, error) from error
    return _place(build, cache)


def _zip(build: Build, cache: Cache, work: Path) -> Path:
    # Beside the pinned go.sum, and without the module's own go.mod: that asks for a newer Go than data need.
    folder = Path(tempfile.mkdtemp(dir=work))
    (folder / "go.mod").write_text(_GO_MOD, encoding="utf-8")
    shutil.copyfile(build.folder / "go.sum", folder / "go.sum")
    go = find_go(OLDEST_GO, folder, cache, settings.environment())
    return module_zip(folder, build.module, build.version, go, go.run)


def _not_to_be_had(build: Build, error: Breakdown) -> Breakdown:
    if isinstance(error, InputError):
        return error
    what = f"the manifests of Flux's releases ({build.module} {build.version}) are not in the cache, and cannot be "
    return ToolchainError(f"{what}fetched: {error.what}", hint=error.hint or _NEXT)
