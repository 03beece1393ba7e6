"""Sources that are not built as they come: a module with data files added, or with faults put in.

Both are made at build time from the module cache and thrown away; upstream's code is never kept here.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from conformance.errors import ProcessError, ToolchainError
from conformance.toolchain.golang import Go
from conformance.toolchain.recipes import Build, Extra, Patch

RunGo = Callable[..., str]
"""`Go.run` with the build's own output handling and stop event bound."""


def complete_module(build: Build, extra: Extra, go: Go, run: RunGo, work: Path) -> Path:
    """Unpack the build's own module, add the data files of another one, and return the folder to build in."""
    folder = work / "source"
    unpack(module_zip(build.folder, build.module, build.version, go, run), "", folder)
    data = module_zip(build.folder, extra.module, extra.version, go, run)
    unpack(data, f"{extra.source}/", folder / extra.target)
    return folder


def module_zip(pinned_in: Path, module: str, version: str, go: Go, run: RunGo) -> Path:
    """Return the zip of a module, downloaded and checked by Go against the go.sum of a folder.

    Read from the zip, the module's own `go` line does not matter: data files need no compiler.

    Raises:
        ProcessError: it cannot be had, or is not what go.sum says.
    """
    folder = go.module_cache() / "cache" / "download" / _escaped(module) / "@v"
    failure = ""
    try:
        run(["mod", "download", f"{module}@{version}"], cwd=pinned_in)
    except ProcessError as error:
        failure = error.what  # "requires go >= …" leaves a checked zip behind; anything else leaves none
    pinned = f"{module} {version} {_text(folder / f'{version}.ziphash')}"
    if pinned.strip() not in (pinned_in / "go.sum").read_text(encoding="utf-8").splitlines():
        raise ProcessError(failure or f"{module}@{version}: checksum mismatch with go.sum")
    return folder / f"{version}.zip"


def _escaped(module: str) -> str:
    """Return the module path as the module cache writes it: capitals as `!` and the small letter."""
    return "".join(f"!{char.lower()}" if char.isupper() else char for char in module)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def unpack(archive: Path, below: str, target: Path) -> None:
    """Unpack the files below a folder of a module zip, whose names all begin with `<module>@<version>/`."""
    with zipfile.ZipFile(archive) as bundle:
        for name in bundle.namelist():
            # The module path holds slashes itself, and only the version's `@` tells where it ends.
            inner = name.partition("@")[2].partition("/")[2]
            if inner.startswith(below) and not inner.endswith("/"):
                path = target / inner.removeprefix(below)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(bundle.read(name))
    if not target.is_dir():
        raise ToolchainError(f"{archive.name} holds nothing below {below}", hint="is the pinned version the right one?")


def changed_modules(build: Build, run: RunGo, work: Path) -> Path:
    """Put the build's faults and additions into copies of the modules; return a folder whose go.mod points at them."""
    folder = work / "main"
    folder.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(build.folder / name, folder / name)
    for number, patch in enumerate(_changes(build)):
        described = json.loads(run(["mod", "download", "-json", patch.module], cwd=build.folder))
        copy = work / f"patched-{number}"
        shutil.copytree(described["Dir"], copy, copy_function=shutil.copyfile)
        _make_writable(copy)
        apply_patch(patch, copy)
        run(["mod", "edit", f"-replace={patch.module}=../patched-{number}"], cwd=folder)
    return folder


def _changes(build: Build) -> list[Patch]:
    """Return what is changed in which module, the build's own module last where it is copied."""
    own = [Patch(module=build.module, add=build.additions, edits=())] if build.additions or build.keep else []
    return [*build.patches, *own]


def kept_data(build: Build, work: Path) -> Path | None:
    """Return a folder with what the build keeps of its own module, after `changed_modules`; None: nothing."""
    if not build.keep:
        return None
    copy, target = work / f"patched-{len(build.patches)}", work / "data"
    for name in build.keep:
        if not (copy / name).is_dir():
            raise ToolchainError(f"{build.module} {build.version} has no folder {name}", hint="correct `keep`")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).rename(target / name)
    return target


def _make_writable(folder: Path) -> None:
    """Folders of the module cache are read-only, and copytree copies their mode."""
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        path.chmod(0o755)


def apply_patch(patch: Patch, folder: Path) -> None:
    """Add the files and make the exact replacements.

    Raises:
        ToolchainError: an addition exists already, or a text does not occur exactly as often as stated.
    """
    for name, content in patch.add.items():
        if (folder / name).exists():
            raise ToolchainError(
                f"{patch.module} has a file {name} already", hint="rename it in toolchain/variants.yaml"
            )
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    for edit in patch.edits:
        path = folder / edit.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if (found := text.count(edit.find)) != edit.count:
            raise ToolchainError(
                f"fault '{edit.fault}' does not fit {patch.module}: {edit.file} has its text {found} times, "
                f"not {edit.count}",
                hint="the module's code has changed: adapt the edit in toolchain/variants.yaml",
            )
        path.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")
