"""The node image of Kind: the node's Debian, kubelet and containerd, and the images, unpacked."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.errors import ToolchainError
from conformance.process import run
from conformance.toolchain.origin import file_sha256
from conformance.toolchain.recipes import sha256_of
from kind_lab.archive import ImageTar
from kind_lab.engine import Engine
from kind_lab.images import FORMAT, KEY_LABEL, PATH, Image
from kind_lab.layout import SOURCE
from kind_lab.preload import NEEDED, lay_out

TOOLS = ("kubelet", "kubeadm", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr", "runc-unprivileged")
FILES = {
    "entrypoint": "/usr/local/bin/entrypoint",
    "systemctl": "/usr/local/bin/systemctl",
    "journalctl": "/usr/local/bin/journalctl",
    "crictl": "/usr/local/bin/crictl",
    "config.toml": "/etc/containerd/config.toml",
    "10-bridge.conflist": "/etc/cni/net.d/10-bridge.conflist",
    "default-storage.yaml": "/kind/manifests/default-storage.yaml",
}
"""File of node/ -> where it lies in the image."""
NOT_WANTED = (r"usr/share/(doc|man|locale|info)/", r"var/(cache|lib)/apt/", r"var/cache/debconf/", r"dev/")
EXECUTABLE, PLAIN = 0o755, 0o644
LIST_TIMEOUT_S = 120.0


class NodeMaker:
    """Makes the node image `kindest/node:<version>`."""

    def __init__(self, engine: Engine, binaries: Mapping[str, Path], debian: Path, version: str) -> None:
        self._engine = engine
        self._binaries = binaries
        self._debian = debian
        self._version = version

    @property
    def name(self) -> str:
        """Name and tag, as Kind's own images are called."""
        return f"kindest/node:{self._version}"

    def ensure(self, images: Sequence[Image], keys: Sequence[str]) -> bool:
        """Make the node image unless the engine has it; return whether it was made.

        Raises:
            ToolchainError: kubeadm wants other images than those given.
            ProviderError, ProcessError: containerd or the engine refuses something.
        """
        key = self._key(keys)
        if self._engine.label_of(self.name, KEY_LABEL) == key:
            return False
        self._check(images)
        work = self._engine.layout.temporary() / "node"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        saved = work / "images.tar"
        self._engine.save([image.image for image in images], saved)
        stored = lay_out(saved, work, self._binaries["containerd"], self._binaries["ctr"])
        saved.unlink()
        archive = work / "node.tar"
        self._write(archive, stored)
        shutil.rmtree(stored)  # the engine is about to need as much again
        changes = [PATH, "ENV container=docker", 'ENTRYPOINT ["/usr/local/bin/entrypoint"]', f"LABEL {KEY_LABEL}={key}"]
        self._engine.import_image(archive, self.name, changes)
        shutil.rmtree(work)
        return True

    def _key(self, keys: Sequence[str]) -> str:
        parts = [FORMAT, self._version, self._debian.name, *keys, *NOT_WANTED, *NEEDED]
        parts += [file_sha256(self._binaries[tool]) for tool in TOOLS]
        parts += [file_sha256(SOURCE / "node" / name) for name in FILES]
        return sha256_of(repr(parts).encode())[:16]

    def _check(self, images: Sequence[Image]) -> None:
        """The tags are kubeadm's own choice, and images.yaml only follows it."""
        words = ["config", "images", "list", "--kubernetes-version", self._version]
        wanted = set(run([self._binaries["kubeadm"], *words], timeout_s=LIST_TIMEOUT_S).stdout.split())
        if absent := wanted - {image.image for image in images}:
            raise ToolchainError(
                f"kubeadm {self._version} wants {', '.join(sorted(absent))}",
                hint="write these names and tags into hack/kind-lab/images.yaml",
            )

    def _write(self, archive: Path, stored: Path) -> None:
        with ImageTar(archive, self._debian) as tar:
            tar.whole(self._debian, "", without=NOT_WANTED)
            for tool in TOOLS:
                tar.file(self._binaries[tool], f"/usr/local/bin/{tool}", EXECUTABLE)
            for name, target in FILES.items():
                tar.file(SOURCE / "node" / name, target, EXECUTABLE if target.startswith("/usr/") else PLAIN)
            tar.file(f"{self._version}\n".encode(), "/kind/version")
            tar.folder("/kind/containerd")
            for folder in NEEDED:
                tar.whole(stored / folder, f"kind/containerd/{folder}")
