"""Images laid out as a node's containerd keeps them, so that a node has them without importing anything.

The node image carries the result in /kind/containerd; node/entrypoint puts links to it where containerd looks.
"""

from pathlib import Path

from conformance import process
from conformance.errors import ProcessError, ProviderError, WaitTimeout
from conformance.kube.wait import eventually
from conformance.process import Supervisor
from kind_lab.layout import RUN_ID

START_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 20.0
IMPORT_TIMEOUT_S = 3600.0
"""30 s; idle priority beside four busy neighbours took more than 15 minutes."""
CONFIG = """version = 3
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
"""
NEEDED = (
    "io.containerd.content.v1.content",
    "io.containerd.metadata.v1.bolt",
    "io.containerd.snapshotter.v1.overlayfs",
)
"""What a node needs of containerd's root folder."""


def lay_out(archive: Path, work: Path, containerd: Path, ctr: Path) -> Path:
    """Let a containerd of our own import and unpack an archive of images; return its root folder.

    Raises:
        ProviderError: it does not start; names its log.
        ProcessError: it refuses the archive.
    """
    root, socket, log = work / "root", work / "sock", work / "containerd.log"
    config = work / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    servers = Supervisor(RUN_ID)
    # In a mount namespace of its own: whatever it has mounted goes with it.
    argv: list[str | Path] = ["unshare", "--mount", containerd, "--config", config, "--address", socket]
    argv += ["--root", root, "--state", work / "state"]
    servers.start("containerd", argv, log=log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    try:
        _wait(ctr, socket, log)
        words: list[str | Path] = [ctr, "--address", socket, "--namespace", "k8s.io"]
        process.run([*words, "images", "import", "--all-platforms", archive], timeout_s=IMPORT_TIMEOUT_S)
    finally:
        servers.stop_all()
    return root


def _wait(ctr: Path, socket: Path, log: Path) -> None:
    def answers() -> bool:
        try:
            process.run([ctr, "--address", socket, "version"], timeout_s=ANSWER_TIMEOUT_S)
        except ProcessError:
            return False
        return True

    try:
        eventually(answers, bool, timeout_s=START_TIMEOUT_S, what="an answer of containerd")
    except WaitTimeout as error:
        raise ProviderError(error.what, hint="read its log", log=log) from error
