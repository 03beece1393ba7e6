"""Where a binary came from: `go version -m` parsed, and made into the record that reaches the report."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import ToolchainError
from conformance.model import BinaryOrigin
from conformance.toolchain.recipes import Build, sha256_of

DEVEL = "(devel)"
"""What Go writes for a main module that was built from a folder, not from a module version."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module in a binary; `sum` is its go.sum hash."""

    path: str
    version: str
    sum: str = ""
    replaced_by: "Module | None" = None

    @property
    def effective(self) -> "Module":
        """What was really compiled in."""
        return self.replaced_by or self


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What Go recorded in a binary."""

    go_version: str
    package: str
    main: Module
    deps: Sequence[Module]
    settings: Mapping[str, str]


def parse_build_info(text: str) -> BuildInfo:
    """Parse the output of `go version -m` for one file.

    Raises:
        ToolchainError: it is no such output, such as that of a binary which is not Go's.
    """
    header, _, body = text.partition("\n")
    go_version = header.rpartition(": ")[2].split(" ")[0].strip()
    rows = [line.strip("\t").split("\t") for line in body.splitlines() if line.strip()]
    modules = _modules(rows)
    package = next((row[1] for row in rows if row[0] == "path"), "")
    if not go_version.startswith("go") or not package or "mod" not in modules:
        raise ToolchainError(
            "a binary carries no Go module information", hint="was it built with -buildvcs and modules?"
        )
    settings = dict(row[1].split("=", 1) for row in rows if row[0] == "build" and "=" in row[1])
    return BuildInfo(go_version, package, modules["mod"][0], tuple(modules.get("dep", ())), settings)


def _modules(rows: Sequence[Sequence[str]]) -> dict[str, list[Module]]:
    found: dict[str, list[Module]] = {}
    last = ""
    for row in rows:
        if row[0] in {"mod", "dep"}:
            last = row[0]
            found.setdefault(last, []).append(_module(row))
        elif row[0] == "=>" and last:
            # The replacement stands on the line after the module that it replaces.
            replaced = found[last].pop()
            found[last].append(Module(replaced.path, replaced.version, replaced.sum, _module(row)))
    return found


def _module(row: Sequence[str]) -> Module:
    padded = [*row, "", "", ""]
    return Module(padded[1], padded[2], padded[3])


def neutral(text: str) -> str:
    """Return `go version -m` output without the path of the file, so that it can be compared and published."""
    header, _, body = text.partition("\n")
    return f"{header.rpartition(': ')[2]}\n{body}"


def origin_of_build(tool: str, build: Build, info: BuildInfo, binary: Path) -> BinaryOrigin:
    """Return the record of a binary that this suite built."""
    return BinaryOrigin(
        tool=tool,
        module=build.module,
        version=build.version,
        go_version=info.go_version,
        go_sum_sha256=sha256_of((build.folder / "go.sum").read_bytes()),
        binary_sha256=file_sha256(binary),
        source="build",
        substituted=(*_mutations(build), *_stand_ins(build, info)),
    )


def origin_of_folder(tool: str, build: Build, info: BuildInfo | None, binary: Path) -> BinaryOrigin:
    """Return the record of a binary that the user gave; what cannot be vouched for counts as substituted."""
    version = info.main.effective.version if info else "unknown"
    doubts: list[str] = []
    if info is None:
        doubts.append(f"{tool}: origin unknown, Go is needed to read it")
    elif (info.main.path, version) != (build.module, build.version):
        doubts.append(f"{tool}: {info.main.path} {version} stands in for {build.module} {build.version}")
    return BinaryOrigin(
        tool=tool,
        module=info.main.path if info else build.module,
        version=version,
        go_version=info.go_version if info else "unknown",
        go_sum_sha256="",  # a binary does not tell which go.sum it was built with
        binary_sha256=file_sha256(binary),
        source="folder",
        substituted=(*doubts, *_mutations(build), *(_stand_ins(build, info) if info else ())),
    )


def _mutations(build: Build) -> list[str]:
    return [f"{patch.module}: mutated on purpose, never to be certified" for patch in build.patches]


def _stand_ins(build: Build, info: BuildInfo) -> list[str]:
    used = {(dep.path, dep.effective.version) for dep in info.deps}
    return [
        f"{s.module} {s.used} stands in for {s.wanted} ({s.reason})"
        for s in build.substitutions
        if (s.module, s.used) in used
    ]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
