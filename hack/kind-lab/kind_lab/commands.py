"""The lab's own two commands (cmd/): built with the Go that builds the toolchain."""

import shutil
import tempfile
from pathlib import Path

from conformance.toolchain import host_go
from conformance.toolchain.recipes import sha256_of
from kind_lab.layout import SOURCE, Layout

NAMES = ("pause", "runc-unprivileged")


def ensure(layout: Layout) -> dict[str, Path]:
    """Return command -> binary; build them when their sources or Go have changed.

    Raises:
        ToolchainError: there is no usable Go.
        ProcessError: they do not build.
    """
    go = host_go(layout.cache)
    source = SOURCE / "cmd"
    texts = [path.read_text(encoding="utf-8") for path in sorted(source.rglob("*")) if path.is_file()]
    folder = layout.root / f"cmd-{sha256_of(repr([texts, dict(go.identity)]).encode())[:12]}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=layout.temporary()) as work:
            built = Path(work, "bin")
            built.mkdir()
            # A build cache of its own: it takes 10 s, and leaves nothing in the one that the toolchain measures.
            flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"]
            go.run(["build", *flags, "-o", f"{built}/", "./..."], cwd=source, env={"GOCACHE": f"{work}/cache"})
            for old in layout.root.glob("cmd-*"):
                shutil.rmtree(old)
            built.rename(folder)
    return {name: folder / name for name in NAMES}
