"""The cache of built binaries: one folder for each, complete or absent.

bin/<tool>@<version>-<key>/   the binary, origin.json, build-info.txt (`go version -m`), <tool>-data where it has any
go/mod, go/build              Go's own caches while a set is being built
data/<tool>@<version>/         data of a module of which no binary was built
tmp/                          work in progress; renamed into bin/ when finished
log/                          output of the last build of each tool
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from conformance.errors import InputError, ToolchainError
from conformance.model import BinaryOrigin
from conformance.process_identity import own_identity, read_start, same_process_lives
from conformance.toolchain.progress import BEAT_S
from conformance.toolchain.recipes import GIB, data_of, sha256_of

FORMAT = 1
"""Of origin.json; entries of another format are built anew."""
KEY_LENGTH = 12
FREE_MARGIN_BYTES = GIB // 2
"""What must stay free besides a build's own need: logs, and the work of others."""
LOCK_WAIT_S = 0.5
"""How soon a waiting build notices that it is to stop."""
MOVE_HINT = "set FLUX_TENANCY_CACHE to a folder on another disk"


@dataclass(frozen=True, slots=True)
class Entry:
    """One binary that can be run, and where it came from."""

    binary: Path
    origin: BinaryOrigin


class Cache:
    """The cache folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.data = root / "data"
        self.tmp = root / "tmp"
        self.log = root / "log"
        self.go_caches = (root / "go" / "mod", root / "go" / "build")

    def check_writable(self) -> None:
        """Raise InputError when nothing can be written here."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise InputError(f"cache folder {self.root} is not writable: {error.strerror}", hint=MOVE_HINT) from error

    def check_free(self, need_bytes: int) -> None:
        """Raise InputError when the disk cannot take what the builds need; their present caches are counted in."""
        need = max(0, need_bytes - sum(folder_bytes(cache) for cache in self.go_caches)) + FREE_MARGIN_BYTES
        free = shutil.disk_usage(self.root).free
        if free < need:
            raise InputError(
                f"not enough disk for building the tools: {need / GIB:.1f} GiB needed in {self.root}, "
                f"{free / GIB:.1f} GiB free",
                hint=f"free some space, or {MOVE_HINT}; most of it is released when the set is complete",
            )

    def find(self, inputs: Mapping[str, str], go: Mapping[str, str] | None) -> Entry | None:
        """Return the entry made from these inputs with this Go; with any Go when there is none here."""
        if go is not None:
            return _load(self._folder(inputs, go), inputs)
        candidates = sorted(self.bin.glob(f"{inputs['tool']}@{inputs['version']}-*"))
        return next((entry for folder in candidates if (entry := _load(folder, inputs))), None)

    def add(
        self,
        binary: Path,
        inputs: Mapping[str, str],
        go: Mapping[str, str],
        origin: BinaryOrigin,
        info: str,
        data: Path | None = None,
    ) -> Entry:
        """Move a finished binary into the cache in one step; an equal entry that another process made stays."""
        folder = self._folder(inputs, go)
        staged = Path(tempfile.mkdtemp(dir=self.tmp))
        record = {"format": FORMAT, "inputs": dict(inputs), "go": dict(go), "bytes": binary.stat().st_size}
        if data is not None:
            record["data_sha256"] = tree_sha256(data)
            data.rename(data_of(staged / origin.tool))
        binary.rename(staged / origin.tool)
        (staged / "build-info.txt").write_text(info, encoding="utf-8")
        (staged / "origin.json").write_text(
            json.dumps({**record, "origin": asdict(origin)}, indent=2), encoding="utf-8"
        )
        staged.chmod(0o755)
        self.bin.mkdir(parents=True, exist_ok=True)
        if folder.exists() and _load(folder, inputs) is None:
            shutil.rmtree(folder)
        with contextlib.suppress(OSError):  # not empty: somebody was faster, with the same bytes
            staged.rename(folder)
        return Entry(folder / origin.tool, origin)

    def _folder(self, inputs: Mapping[str, str], go: Mapping[str, str]) -> Path:
        key = sha256_of(json.dumps([FORMAT, dict(inputs), dict(go)], sort_keys=True).encode())[:KEY_LENGTH]
        return self.bin / f"{inputs['tool']}@{inputs['version']}-{key}"

    @contextlib.contextmanager
    def lock(self, tell: Callable[[str], None], stop: threading.Event) -> Iterator[None]:
        """Hold the build lock; says who holds it while waiting. The kernel frees it when its holder dies."""
        lock = FileLock(self.root / "build.lock")
        quiet_until = 0.0
        while not lock.is_locked:
            if stop.is_set():
                raise ToolchainError("stopped while waiting for another build")
            try:
                lock.acquire(timeout=LOCK_WAIT_S)
            except Timeout:
                if time.monotonic() >= quiet_until:
                    tell(f"waiting for another build that uses this cache{self._holder()}")
                    quiet_until = time.monotonic() + BEAT_S
        try:
            (self.root / "build.holder").write_text(json.dumps(own_identity()), encoding="utf-8")
            yield
        finally:
            lock.release()

    def _holder(self) -> str:
        with contextlib.suppress(OSError, ValueError, TypeError):
            pid, started = json.loads((self.root / "build.holder").read_text(encoding="utf-8"))
            if same_process_lives(pid, read_start(started)):
                return f" (process {pid})"
        return ""

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give an empty folder for one build, under the lock; what an interrupted build left is removed first."""
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir(parents=True, exist_ok=True)
        try:
            yield Path(tempfile.mkdtemp(dir=self.tmp))
        finally:
            shutil.rmtree(self.tmp, ignore_errors=True)

    def drop(self, folders: Iterable[Path]) -> int:
        """Remove these of Go's caches, under the lock; return the bytes set free."""
        freed = 0
        for folder in folders:
            freed += folder_bytes(folder)
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.root / "go").rmdir()
        return freed

    def entries(self) -> list[Entry]:
        """Return every complete entry, by name."""
        found = (_load(folder, None) for folder in sorted(self.bin.glob("*@*")))
        return [entry for entry in found if entry]

    def clean(self, *, keep_binaries: bool) -> int:
        """Remove work in progress and Go's caches, and the binaries too unless kept; return the bytes set free."""
        names = ("go", "tmp", "log") if keep_binaries else ("go", "tmp", "log", "bin", "data")
        freed = sum(folder_bytes(self.root / name) for name in names)
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)
        return freed


def _load(folder: Path, inputs: Mapping[str, str] | None) -> Entry | None:
    """Return the entry of a folder, or None when it is incomplete, broken or made from other inputs."""
    try:
        record = json.loads((folder / "origin.json").read_text(encoding="utf-8"))
        origin = BinaryOrigin(**record["origin"])
        size = (folder / origin.tool).stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if "data_sha256" in record and not data_of(folder / origin.tool).is_dir():
        return None
    if record.get("format") != FORMAT or size != record["bytes"] or (inputs is not None and record["inputs"] != inputs):
        return None
    return Entry(folder / origin.tool, replace(origin, source="cache", substituted=tuple(origin.substituted)))


def tree_sha256(folder: Path) -> str:
    """Return one digest of the names and contents of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [f"{path.relative_to(folder)} {sha256_of(path.read_bytes())}" for path in files]
    return sha256_of("\n".join(listed).encode())


def data_problem(binary: Path) -> str:
    """Return what is wrong with the data beside a cached binary; empty: nothing, or it has none."""
    record = json.loads(binary.with_name("origin.json").read_text(encoding="utf-8"))
    wanted = record.get("data_sha256")
    return "its data are not the recorded ones" if wanted and tree_sha256(data_of(binary)) != wanted else ""


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder; 0 when there is none."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118  Path costs seconds on 10^5 files
    return total
