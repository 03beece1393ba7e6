"""Make the binaries of one build, and put them into the cache."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.errors import ProcessError
from conformance.toolchain.cache import Cache, Entry
from conformance.toolchain.failure import explain, redacted
from conformance.toolchain.golang import Go
from conformance.toolchain.origin import neutral, origin_of_build, parse_build_info
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import Build
from conformance.toolchain.sources import changed_modules, complete_module, kept_data


class Builder:
    """One run of one build, under the cache's lock."""

    def __init__(self, build: Build, go: Go, cache: Cache, step: Step, stop: threading.Event) -> None:
        self._build = build
        self._go = go
        self._cache = cache
        self._step = step
        self._stop = stop
        self._lines: list[str] = []
        self._compiled = 0

    def make(self, tools: Sequence[str]) -> dict[str, Entry]:
        """Build these tools of the build, and return their cache entries.

        Raises:
            ToolchainError: cannot be built; says why and what to do.
        """
        log = self._cache.log / f"{self._build.name}.log"
        with self._cache.workspace() as work:
            try:
                binaries = self._compile(tools, work)
            except ProcessError as error:
                self._lines.append(error.what)
                raise explain(self._build, "\n".join(self._lines), log) from error
            finally:
                log.parent.mkdir(parents=True, exist_ok=True)
                log.write_text(redacted("\n".join(self._lines)) + "\n", encoding="utf-8")
            data = kept_data(self._build, work)
            return {tool: self._keep(tool, binary, data) for tool, binary in binaries.items()}

    def _compile(self, tools: Sequence[str], work: Path) -> dict[str, Path]:
        build, out, tmp = self._build, work / "out", work / "tmp"
        out.mkdir()
        tmp.mkdir()
        if build.extra is not None:
            folder = complete_module(build, build.extra, self._go, self._run, work)
        elif build.patches or build.additions or build.keep:
            folder = changed_modules(build, self._run, work)
        else:
            folder = build.folder
        packages = [build.packages[tool] for tool in tools]
        flags = ["-trimpath", "-buildvcs=false", f"-ldflags={build.ldflags}"]
        # Go's own work folder is put on the disk that was measured, and goes with the workspace.
        env = {**build.environment, "GOTMPDIR": str(tmp)}
        self._run(["build", "-v", *flags, "-o", f"{out}/", *packages], cwd=folder, env=env)
        return {tool: out / binary_name(build.packages[tool]) for tool in tools}

    def _run(self, arguments: Sequence[str | Path], **options: Any) -> str:
        return self._go.run(arguments, on_line=self._heard, stop=self._stop, **options)

    def _heard(self, line: str) -> None:
        self._lines.append(line)
        if line.startswith("go: downloading "):
            self._step.detail = f"downloading {line.split()[2]}"
        elif not line.startswith(("go: ", "#")):
            self._compiled += 1
            self._step.detail = f"{self._compiled} packages compiled"

    def _keep(self, tool: str, binary: Path, data: Path | None) -> Entry:
        info = neutral(self._go.build_info(binary))
        origin = origin_of_build(tool, self._build, parse_build_info(info), binary)
        return self._cache.add(binary, self._build.key_inputs(tool), self._go.identity, origin, info, data)


def binary_name(package: str) -> str:
    """Return the name that `go build -o folder/` gives: the last part of the package's path that is no version."""
    parts = package.rstrip("/").split("/")
    is_version = parts[-1][:1] == "v" and parts[-1][1:].isdigit()
    return parts[-2] if is_version and len(parts) > 1 else parts[-1]
