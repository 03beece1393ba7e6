"""What to build, as data: `toolchain/*.yaml` and the go.mod files beside them, read into frozen records.

The versions stand in go.mod alone; the YAML says which module and package a tool is.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import InputError, ToolchainError

GIB = 1024**3
RUN_SET = "run"
"""The tools of a certification on the embedded control plane."""
LINKER_FLAGS = "-s -w"
"""No symbol table and no DWARF, as upstream releases its binaries: 30 % smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """A module that stands in for one that is not served."""

    part: str
    module: str
    wanted: str
    used: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """Data files of another module, copied into the source before it is built."""

    module: str
    version: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One exact replacement in a module's file, which must occur `count` times."""

    file: str
    find: str
    replace: str
    fault: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What a variant changes in one module: files added, and exact replacements."""

    module: str
    add: Mapping[str, str]
    edits: Sequence[Edit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One `go build`: a folder with go.mod and go.sum, and the tools that come out of it."""

    name: str
    folder: Path
    module: str
    version: str
    packages: Mapping[str, str]
    """tool -> Go package"""
    ldflags: str
    disk_bytes: int
    """Free disk it needs when the caches are empty."""
    extra: Extra | None = None
    substitutions: Sequence[Substitution] = ()
    patches: Sequence[Patch] = ()
    """Not empty: a mutated controller, never to be certified."""
    set: str = RUN_SET
    """What it is for: another set than RUN_SET is built only when one of its tools is asked for."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for Go that decide about the binary."""
    additions: Mapping[str, str] = field(default_factory=dict)
    """Files that a copy of the module gets before it is built: path -> content."""
    keep: Sequence[str] = ()
    """Folders of the module that are kept beside the binary: `data_of`."""

    def key_inputs(self, tool: str) -> dict[str, str]:
        """Return what decides about the binary, apart from Go's version and platform."""
        return {
            "tool": tool,
            "module": self.module,
            "version": self.version,
            "package": self.packages[tool],
            "go.mod": sha256_of((self.folder / "go.mod").read_bytes()),
            "go.sum": sha256_of((self.folder / "go.sum").read_bytes()),
            "ldflags": self.ldflags,
            "extra": repr(self.extra or ""),
            "patches": sha256_of(repr(self.patches).encode()) if self.patches else "",
            **self._further_inputs(),
        }

    def _further_inputs(self) -> dict[str, str]:
        """Return what most builds do not have: the keys of those stay as they were."""
        found = {"environment": self.environment, "additions": self.additions, "keep": tuple(self.keep)}
        return {name: repr(value) for name, value in found.items() if value}


@dataclass(frozen=True)
class Recipes:
    """Every tool of one Flux release, and its variants."""

    flux_version: str
    builds: Sequence[Build]
    """Of RUN_SET."""
    variants: Sequence[Build] = field(default=())
    further: Sequence[Build] = field(default=())
    """Of all other sets."""
    components: Mapping[str, str] = field(default_factory=dict)
    """Each part of the Flux release and its version, as images are tagged."""

    @cached_property
    def _by_tool(self) -> Mapping[str, Build]:
        return {tool: build for build in (*self.builds, *self.variants, *self.further) for tool in build.packages}

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that a run may need, in the order of need; no variants."""
        return tuple(tool for build in self.builds for tool in build.packages)

    @property
    def variant_tools(self) -> tuple[str, ...]:
        """The names of the mutated controllers."""
        return tuple(tool for build in self.variants for tool in build.packages)

    def tools_of_set(self, name: str) -> tuple[str, ...]:
        """Return the tools of a further set, such as `lab`.

        Raises:
            InputError: no such set.
        """
        if found := tuple(tool for build in self.further if build.set == name for tool in build.packages):
            return found
        known = ", ".join(sorted({build.set for build in self.further}))
        raise InputError(f"unknown set of tools '{name}'", hint=f"known sets: {known}")

    def in_order(self, *, variants: bool) -> tuple[str, ...]:
        """Return all tools in the order of need; with `variants`, each mutated controller right after its base."""
        builds = [b for base in self.builds for b in (base, *(v for v in self.variants if v.folder == base.folder))]
        return tuple(tool for build in builds for tool in build.packages if variants or not build.patches)

    @property
    def newest_go_folder(self) -> Path:
        """The folder whose go.mod asks for the highest Go: there GOTOOLCHAIN lifts as far as a certification needs."""
        return _newest_go(build.folder for build in self.builds)

    def go_folder(self, build: Build) -> Path:
        """The same for one build. A further set may lift higher, and must not change the Go of a certification."""
        return _newest_go([self.newest_go_folder, build.folder])

    def asks_for_newer_go(self, build: Build) -> bool:
        """Whether a build needs a newer Go than a certification does."""
        return version_tuple(go_line(build.folder)) > version_tuple(self.minimum_go)

    @property
    def minimum_go(self) -> str:
        """The highest `go` line of the go.mod files, such as `1.26.0`."""
        return go_line(self.newest_go_folder)

    def build_of(self, tool: str) -> Build:
        """Return the build that makes this tool.

        Raises:
            ToolchainError: this Flux release has no such tool.
        """
        if tool not in self._by_tool:
            known = ", ".join(self._by_tool)
            raise ToolchainError(f"Flux {self.flux_version} has no tool '{tool}' here", hint=f"known tools: {known}")
        return self._by_tool[tool]


def data_of(binary: Path) -> Path:
    """Return the folder of data files that belongs to a binary: `Build.keep`, or what the user laid beside it."""
    return binary.with_name(f"{binary.name}-data")


def known_releases(data: Path) -> list[str]:
    """Return the Flux releases of `flux-releases.yaml`, oldest first."""
    return sorted(_read(data / "flux-releases.yaml")["releases"], key=version_tuple)


def load(flux_version: str, data: Path) -> Recipes:
    """Read the recipes of one Flux release.

    Raises:
        InputError: no such release.
        ToolchainError: the data files are broken.
    """
    releases = _read(data / "flux-releases.yaml")["releases"]
    if flux_version not in releases:
        known = ", ".join(known_releases(data))
        raise InputError(
            f"unknown Flux version '{flux_version}'",
            hint=f"known versions: {known}; adding one is an entry in toolchain/flux-releases.yaml",
        )
    release = releases[flux_version]
    wanted = [
        b for b in _read(data / "tools.yaml")["builds"] if not b.get("per_release") or b["name"] in release["parts"]
    ]
    every = [_build(entry, flux_version, release, data) for entry in wanted]
    builds = [build for build in every if build.set == RUN_SET]
    further = [build for build in every if build.set != RUN_SET]
    variants = _variants(builds, _read(data / "variants.yaml")["variants"], data)
    return Recipes(flux_version, builds, list(variants), further, release["parts"])


def _build(entry: Mapping[str, Any], flux_version: str, release: Mapping[str, Any], data: Path) -> Build:
    name = entry["name"]
    folder = data / f"flux-{flux_version}" / name if entry.get("per_release") else data / name
    version = required_version(folder / "go.mod", entry["module"])
    if entry.get("per_release") and version != release["parts"][name]:
        raise ToolchainError(f"{folder / 'go.mod'} pins {name} {version}, flux-releases.yaml {release['parts'][name]}")
    own = [{"part": name, **s} for s in entry.get("substitutions", ())]
    substitutions = [Substitution(**s) for s in (*own, *release["substitutions"]) if s["part"] == name]
    return Build(
        name=name,
        folder=folder,
        module=entry["module"],
        version=version,
        packages=entry["tools"],
        ldflags=_ldflags(entry.get("stamps", {}), version),
        disk_bytes=int(entry["disk_gib"] * GIB),
        extra=_extra(entry.get("copy"), folder, version),
        substitutions=tuple(substitutions),
        set=entry.get("set", RUN_SET),
        environment=entry.get("environment", {}),
        additions=entry.get("add", {}),
        keep=tuple(entry.get("keep", ())),
    )


def _extra(entry: Mapping[str, str] | None, folder: Path, version: str) -> Extra | None:
    if entry is None:
        return None
    pinned = required_version(folder / "go.mod", entry["module"])
    source = entry["from"].format(version=version)
    return Extra(module=entry["module"], version=pinned, source=source, target=entry["to"])


def _variants(builds: Sequence[Build], variants: Mapping[str, Any], data: Path) -> Iterable[Build]:
    for name, variant in variants.items():
        for base in (b for b in builds if b.name == variant["base"]):
            patches = tuple(
                Patch(
                    module=module,
                    add={name: _text(data / source) for name, source in change.get("add", {}).items()},
                    edits=tuple(Edit(**e) for e in change.get("edits", ())),
                )
                for module, change in variant["modules"].items()
            )
            suffix = name.removeprefix(f"{base.name}+")
            package = base.packages[base.name]
            yield replace(
                base, name=name, packages={name: package}, version=f"{base.version}+{suffix}", patches=patches
            )


def _ldflags(stamps: Mapping[str, str], version: str) -> str:
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"version": version, "number": version.removeprefix("v"), "major": major, "minor": minor}
    return " ".join([LINKER_FLAGS, *(f"-X {name}={value.format(**values)}" for name, value in stamps.items())])


def required_version(go_mod: Path, module: str) -> str:
    """Return the version of `module` that a go.mod file requires.

    Raises:
        ToolchainError: the file is missing or does not require it.
    """
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)} (v\S+)", _text(go_mod), re.MULTILINE)
    if found is None:
        raise ToolchainError(f"{go_mod} does not require {module}", hint="restore the file from the repository")
    return found.group(1)


def _newest_go(folders: Iterable[Path]) -> Path:
    return max(folders, key=lambda folder: version_tuple(go_line(folder)))


def go_line(folder: Path) -> str:
    """Return the lowest Go version that the go.mod of a folder accepts."""
    found = re.search(r"^go (\S+)", _text(folder / "go.mod"), re.MULTILINE)
    return found.group(1) if found else "1.21"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ToolchainError(f"cannot read {path}: {error.strerror}", hint="is the installation complete?") from error


def _read(path: Path) -> Any:
    return yaml.safe_load(_text(path))


def version_tuple(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparison: `go1.26.8` and `1.26.8` alike."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-", maxsplit=1)[0]))


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
