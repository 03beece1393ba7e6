"""The Debian of the node: made once by debootstrap, and the source of programs for other images."""

import shutil
from collections.abc import Callable
from pathlib import Path

from conformance import process
from conformance.errors import ProcessError
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import sha256_of
from kind_lab.host import Impossible
from kind_lab.layout import Layout, child_environment

DEBOOTSTRAP_TIMEOUT_S = 3600.0
"""40 s of work; a slow mirror or a busy machine may need many times that."""
CHANGE_TIMEOUT_S = 120.0
PACKAGES = (
    "ca-certificates,conntrack,containernetworking-plugins,ethtool,git,gpg,iproute2,ipset,iptables,kmod,mount,"
    "openssh-client,procps,runc,socat,util-linux"
)
LEGACY = ("iptables", "ip6tables")
"""kube-proxy and kube-router each write rules by these, and have to see each other's."""


def suite() -> str:
    """Return the name of this host's Debian release, such as `bookworm`."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    found = (line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME="))
    return next(found, "stable")


def key() -> str:
    """Return what decides about the Debian."""
    return sha256_of(f"{suite()} {PACKAGES} {LEGACY}".encode())[:12]


def ensure(layout: Layout, step: Step) -> Path:
    """Return the folder of the node's Debian; make it when it is not there.

    Raises:
        Impossible: debootstrap failed; its log is kept.
    """
    folder = layout.root / f"debian-{suite()}-{key()}"
    if not folder.is_dir():
        work = layout.temporary() / "debian"
        shutil.rmtree(work, ignore_errors=True)
        _make(work, layout.root / "debootstrap.log", step)
        for old in layout.root.glob("debian-*"):
            shutil.rmtree(old)
        work.rename(folder)
    return folder


def _make(work: Path, log: Path, step: Step) -> None:
    argv: list[str | Path] = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite(), work]
    lines: list[str] = []
    try:
        # debootstrap says everything on standard output, of which nothing is heard before its end.
        # In a mount namespace of its own: whatever it has mounted goes with it, even when it is killed.
        words: list[str | Path] = ["unshare", "--mount", "sh", "-c", 'exec "$@" >&2', "sh", *argv]
        env = child_environment()
        process.run(words, timeout_s=DEBOOTSTRAP_TIMEOUT_S, env=env, on_line=_heard(lines, step))
        for name in LEGACY:
            change = ["update-alternatives", "--set", name, f"/usr/sbin/{name}-legacy"]
            process.run(["chroot", work, *change], timeout_s=CHANGE_TIMEOUT_S)
    except ProcessError as error:
        hint = "does apt-get update work here?"
        raise Impossible(f"the node's Debian cannot be made: {error.what}", hint=hint, log=log) from error
    finally:
        log.write_text("\n".join(lines), encoding="utf-8")


def _heard(lines: list[str], step: Step) -> Callable[[str], None]:
    def heard(line: str) -> None:
        lines.append(line)
        step.detail = line.removeprefix("I: ")

    return heard
