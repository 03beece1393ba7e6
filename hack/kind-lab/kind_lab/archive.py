"""Tar files of images: from single files, from programs with their libraries, or from a whole folder."""

import io
import re
import stat
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Self

from conformance import process
from conformance.errors import ToolchainError

LDD_TIMEOUT_S = 300.0
"""A hundred programs take 1 s; seen 40 s on a machine that was busy with other work."""
LDD = "/usr/bin/ldd"
LINKS = 40
"""As many links on one way as the kernel follows."""


class ImageTar:
    """The file system of an image. Owned by root, without times: equal content gives equal bytes.

    Args:
        path: the tar file, written anew.
        debian: the Debian from which programs are taken.
    """

    def __init__(self, path: Path, debian: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115  closed by __exit__
        self._debian = debian
        self._held: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def file(self, source: Path | bytes, target: str, mode: int = 0o644) -> None:
        """Add a file, and the folders above it."""
        info = self._info(target, mode)
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            info.size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            self._tar.addfile(info, stream)

    def link(self, target: str, to: str) -> None:
        """Add a symbolic link."""
        info = self._info(target, 0o777)
        info.type, info.linkname = tarfile.SYMTYPE, to
        self._tar.addfile(info)

    def folder(self, target: str, mode: int = 0o755) -> None:
        """Add an empty folder, and the folders above it."""
        info = self._info(target, mode)
        info.type = tarfile.DIRTYPE
        self._tar.addfile(info)

    def programs(self, paths: Iterable[str]) -> None:
        """Add programs of the Debian, or folders of plug-ins, with the libraries that they load and every link between.

        Raises:
            ToolchainError: the Debian has no such file.
        """
        for path in paths:
            found = self._steps(path)[-1][1]
            files = sorted(p for p in found.rglob("*") if p.is_file()) if found.is_dir() else [found]
            inside = [f"/{file.relative_to(self._debian)}" for file in files]
            for name in (path, *inside, *self._libraries(inside)):
                self._take(name)

    def whole(self, folder: Path, below: str, *, without: Sequence[str] = ()) -> None:
        """Add a folder under a name, with owners and modes as they are, apart from the paths that match."""
        skip = re.compile("|".join(without)) if without else None

        def chosen(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
            info.name = info.name.removeprefix("./")
            self._held.add(info.name)
            return None if skip and skip.match(info.name) else info

        self._tar.add(folder, arcname=below or ".", filter=chosen)

    def _info(self, target: str, mode: int) -> tarfile.TarInfo:
        name = target.lstrip("/")
        above = str(PurePosixPath(name).parent)
        if above != "." and above not in self._held:
            self.folder(above)
        self._held.add(name)
        info = tarfile.TarInfo(name)
        info.mode = mode
        return info

    def _steps(self, path: str) -> list[tuple[str, Path]]:
        """Return each link on the way to a file of the Debian, and at last the file: its name in there, and here."""
        place, parts = PurePosixPath("/"), list(PurePosixPath(path).parts[1:])
        steps: list[tuple[str, Path]] = []
        while parts and len(steps) < LINKS:
            part = parts.pop(0)
            here = place.parent if part == ".." else place / part
            real = self._inside(here)
            if real.is_symlink():
                steps.append((str(here), real))
                to = PurePosixPath(real.readlink())
                parts = [*(to.parts[1:] if to.is_absolute() else to.parts), *parts]
                place = PurePosixPath("/") if to.is_absolute() else place
            else:
                place = here
        found = self._inside(place)
        if parts or not found.exists():
            raise ToolchainError(f"the node's Debian has no {path}", hint="add its package to debian.PACKAGES")
        return [*steps, (str(place), found)]

    def _inside(self, place: PurePosixPath) -> Path:
        return self._debian / place.relative_to("/")

    def _take(self, path: str) -> None:
        for name, real in self._steps(path):
            if name.lstrip("/") in self._held:
                continue
            if real.is_symlink():
                self.link(name, str(real.readlink()))
            elif real.is_file():
                self.file(real, name, stat.S_IMODE(real.stat().st_mode))

    def _libraries(self, paths: Sequence[str]) -> list[str]:
        script = f'for file; do {LDD} "$file" 2>/dev/null || true; done'
        argv: list[str | Path] = ["chroot", self._debian, "/bin/sh", "-c", script, "sh", *paths]
        told = process.run(argv, timeout_s=LDD_TIMEOUT_S).stdout
        return sorted(set(re.findall(r"(/\S+) \(0x[0-9a-f]+\)", told)))
