"""Make the images, and put them into the engine; what is there with the same key stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from conformance.toolchain import Toolchain, data_of
from conformance.toolchain.cache import tree_sha256
from conformance.toolchain.origin import file_sha256
from conformance.toolchain.recipes import Recipes, sha256_of
from kind_lab.archive import ImageTar
from kind_lab.engine import Engine
from kind_lab.layout import SOURCE

KEY_LABEL = "dev.fluxtenancy.conformance.kind-lab"
"""On each image: the key of what it was made from."""
HOLDS_LABEL = "dev.fluxtenancy.conformance.holds"
"""On each image: module and version of its binary, whatever the tag says."""
IDENTITY = ("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt")
PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FORMAT = 1
"""Of the images; raise it when this module makes other images from the same files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image with one binary of ours."""

    image: str
    tool: str
    path: str = ""
    entrypoint: bool = False
    command: str = ""
    user: str = ""
    programs: Sequence[str] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    """Folder among the tool's data -> where it lies in the image."""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Where the binary lies in the image."""
        return self.path or f"/usr/local/bin/{self.tool}"

    @property
    def changes(self) -> list[str]:
        """What `docker import` is told about it."""
        found = [PATH]
        if self.entrypoint:
            found.append(f'ENTRYPOINT ["{self.target}"]')
        if self.command:
            found.append(f'CMD ["{self.command}"]')
        if self.user:
            found.append(f"USER {self.user}")
        return found


def planned(recipes: Recipes, machine: str) -> list[Image]:
    """Return the images of images.yaml, with those of the Flux release.

    Args:
        machine: of the kernel, such as `x86_64`.
    """
    data = yaml.safe_load((SOURCE / "images.yaml").read_text(encoding="utf-8"))
    values = {
        "kubernetes": recipes.build_of("kubelet").version,
        "kube-router": recipes.build_of("kube-router").version,
        "flux-operator": recipes.build_of("flux-operator").version,
        "machine": machine,
    }
    return [_image(entry, values) for entry in data["images"]] + _flux(data["flux"], recipes, values)


def _image(entry: Mapping[str, Any], values: Mapping[str, str]) -> Image:
    programs = tuple(program.format(**values) for program in entry.get("programs", ()))
    return Image(**{**entry, "image": entry["image"].format(**values), "programs": programs})


def _flux(entry: Mapping[str, Any], recipes: Recipes, values: Mapping[str, str]) -> list[Image]:
    parts = [build for build in recipes.builds if build.name.endswith("-controller")]
    return [
        _image(
            {
                "image": f"ghcr.io/fluxcd/{part.name}:{part.version}",
                "tool": part.name,
                "entrypoint": True,
                "user": entry["user"],
                "programs": entry["programs"].get(part.name, ()),
            },
            values,
        )
        for part in parts
    ]


class ImageMaker:
    """Makes images from binaries and the node's Debian.

    Args:
        binaries: tool -> binary, and what it is (`module version`).
        debian: the node's Debian.
    """

    def __init__(self, engine: Engine, binaries: Mapping[str, tuple[Path, str]], debian: Path) -> None:
        self._engine = engine
        self._binaries = binaries
        self._debian = debian

    def key(self, image: Image) -> str:
        """Return what decides about the image."""
        binary, _ = self._binaries[image.tool]
        data = f" {tree_sha256(data_of(binary))}" if image.data else ""
        return sha256_of(f"{FORMAT} {_described(image)} {file_sha256(binary)} {self._debian.name}{data}".encode())[:16]

    def ensure(self, image: Image) -> bool:
        """Make the image unless the engine has it; return whether it was made.

        Raises:
            ProcessError: the engine refuses it.
            ToolchainError: a program that it needs is missing.
        """
        key = self.key(image)
        if self._engine.label_of(image.image, KEY_LABEL) == key:
            return False
        binary, holds = self._binaries[image.tool]
        archive = self._engine.layout.temporary() / f"{image.tool}.tar"
        with ImageTar(archive, self._debian) as tar:
            tar.file(binary, image.target, 0o755)
            if image.path:
                tar.link(f"/usr/local/bin/{image.tool}", image.path)
            for source, target in image.data.items():
                tar.whole(data_of(binary) / source, target.lstrip("/"))
            for name, content in image.files.items():
                tar.file(content.encode(), name)
            tar.programs((*image.programs, *(IDENTITY if image.user or image.programs else ())))
        changes = [*image.changes, f"LABEL {KEY_LABEL}={key}", f'LABEL {HOLDS_LABEL}="{holds}"']
        self._engine.import_image(archive, image.image, changes)
        archive.unlink()
        return True


def _described(image: Image) -> str:
    """Return what an image is asked to be; of most as it always was, so that their keys stay."""
    lines = {entry.name: getattr(image, entry.name) for entry in fields(image)}
    kept = {name: value for name, value in lines.items() if value or name not in ("data", "files")}
    return f"Image({', '.join(f'{name}={value!r}' for name, value in kept.items())})"


def binaries_of(toolchain: Toolchain, images: Sequence[Image], own: Mapping[str, Path]) -> dict[str, tuple[Path, str]]:
    """Return tool -> binary and `module version`, of the toolchain and of the lab's own commands."""
    tools = {image.tool for image in images} - set(own)
    found = {tool: (toolchain.path(tool), toolchain.recipes.build_of(tool)) for tool in sorted(tools)}
    return {tool: (path, f"{build.module} {build.version}") for tool, (path, build) in found.items()} | {
        tool: (path, f"hack/kind-lab/cmd/{tool}") for tool, path in own.items()
    }
