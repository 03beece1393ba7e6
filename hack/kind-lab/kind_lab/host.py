"""Whether this host can have a lab, and the Debian packages that it needs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance import process, settings
from conformance.errors import InputError, ProcessError
from conformance.toolchain.progress import Step
from kind_lab.layout import GIB, Layout

PROGRAMS = {
    "/usr/sbin/dockerd": "docker.io",
    "/usr/sbin/runc": "runc",
    "/usr/sbin/iptables": "iptables",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/bin/ip": "iproute2",
}
"""What the lab calls -> the package that brings it."""
REPLACED_BY = ("docker.io", "runc")
"""Of those, what cannot be on a host together with Docker's own packages."""
DOCKERS_OWN = ("docker-ce", "containerd.io")
"""Docker's own packages: its engine is /usr/bin/dockerd."""
DISK_BYTES = 9 * GIB
"""By size: images 2, node image 2.6, its tar file as much, Debian 0.4, and reserve. Building tools is counted apart."""
APT_TIMEOUT_S = 1200.0
"""20 s with a near mirror."""
ANSWER_TIMEOUT_S = 60.0
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# Of flux-tenancy-conformance, while it installs packages: no service is started.\nexit 101\n"
HOW = "use a host that can, or one with Docker"
APT_OPTIONS = ("--no-remove", "-o", "DPkg::Lock::Timeout=300")
"""Nothing of the host's goes; somebody else may be installing, in seconds."""
APT_ENV = {"DEBIAN_FRONTEND": "noninteractive"}


class Impossible(InputError):  # noqa: N818  a state of the host, no fault
    """This host cannot have a lab."""


class NotNeeded(InputError):  # noqa: N818  likewise
    """A container engine is here already."""


class InUse(InputError):  # noqa: N818  likewise
    """Somebody works with the lab's engine."""


def check(layout: Layout, *, force: bool) -> None:
    """Look whether a lab is possible and wanted here; changes nothing.

    Raises:
        Impossible: not root, not Debian, Docker's own packages, a kernel without what containers need, no room.
        NotNeeded: an engine answers, and `force` was not given.
    """
    if os.geteuid() != 0:
        raise Impossible("kind-lab starts a container engine, for which it needs root", hint=f"run as root, or {HOW}")
    if (found := _distribution()) != "debian":
        raise Impossible(f"kind-lab takes its engine from Debian's packages, and this is {found}", hint=HOW)
    _check_engine(layout, force=force)
    _check_packages()
    _check_kernel()
    _check_disk(layout)


def _distribution() -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "an unknown system"
    return next((line[3:].strip('"') for line in lines if line.startswith("ID=")), "an unknown system")


def _check_engine(layout: Layout, *, force: bool) -> None:
    environment = settings.environment()
    if force or environment.get("DOCKER_HOST") == layout.docker_host or shutil.which("docker") is None:
        return
    try:
        told = process.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], timeout_s=ANSWER_TIMEOUT_S, env=environment
        )
    except ProcessError:
        return  # a client without an engine
    where = environment.get("DOCKER_HOST", "its usual socket")
    raise NotNeeded(
        f"a container engine (version {told.stdout.strip()}) answers on {where}: nothing was touched",
        hint="run the certification with --flux-provider kind as it is, or give --force for a second engine",
    )


def _check_packages() -> None:
    wanted = [package for package in missing_packages() if package in REPLACED_BY]
    found = sorted(_installed().intersection(DOCKERS_OWN)) if wanted else []
    if found:
        raise Impossible(
            f"this host has packages of Docker's own ({', '.join(found)}) that Debian's ({', '.join(wanted)}) would "
            "replace: nothing was touched",
            hint="start that engine, and certify with --flux-provider kind as it is",
        )


def _installed() -> set[str]:
    words = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n"]
    try:
        lines = process.run(words, timeout_s=ANSWER_TIMEOUT_S).stdout.splitlines()
    except ProcessError:
        return set()  # apt-get, which may remove nothing, will say what is wrong
    return {line.partition(" ")[0] for line in lines if line.endswith(" installed")}


def _check_kernel() -> None:
    missing = []
    loaded = "\toverlay\n" in Path("/proc/filesystems").read_text(encoding="utf-8")
    if not loaded and not _works("modprobe", "--dry-run", "overlay"):
        missing.append("overlay file systems")
    groups = Path("/sys/fs/cgroup")
    if not any((groups / name).exists() for name in ("cgroup.controllers", "memory")):
        missing.append("control groups in /sys/fs/cgroup")
    if not _works("unshare", "--net", "--mount", "true"):
        missing.append("namespaces of its own (this may be a container without privileges)")
    if missing:
        raise Impossible(f"this kernel does not give {' nor '.join(missing)}", hint=HOW)


def _works(*words: str) -> bool:
    try:
        process.run(words, timeout_s=ANSWER_TIMEOUT_S)
    except ProcessError:
        return False
    return True


def check_policies(debian: Path) -> None:
    """Look whether the kernel can enforce NetworkPolicies as kube-router does, in a network of its own.

    Raises:
        Impossible: it has no ipset, or no rule that asks one.
    """
    script = (
        "ipset create lab hash:ip && iptables -A FORWARD -m set --match-set lab src -m comment --comment lab -j REJECT"
        " && iptables -t nat -A POSTROUTING -m addrtype ! --dst-type LOCAL -j MASQUERADE"
    )
    try:
        process.run(["unshare", "--net", "chroot", debian, "/bin/sh", "-c", script], timeout_s=ANSWER_TIMEOUT_S)
    except ProcessError as error:
        raise Impossible(
            f"this kernel cannot enforce NetworkPolicies: {error.what}",
            hint=f"it needs ip_set, xt_set, xt_addrtype and the iptables tables filter and nat; {HOW}",
        ) from error


def _check_disk(layout: Layout) -> None:
    if layout.engine.is_dir():
        return
    place = next(folder for folder in (layout.root, *layout.root.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < DISK_BYTES:
        raise Impossible(
            f"the lab needs {DISK_BYTES / GIB:.0f} GiB in {place}, where {free / GIB:.1f} GiB are free",
            hint="free some, or set FLUX_TENANCY_CACHE to a folder on another disk",
        )


def missing_packages() -> list[str]:
    """Return the Debian packages that have to be installed."""
    return [package for program, package in PROGRAMS.items() if not Path(program).exists()]


def install(step: Step) -> list[str]:
    """Install the packages that are missing; none of their services is started. Return their names.

    Raises:
        Impossible: apt-get cannot install them.
    """
    _forget_policy()
    missing = missing_packages()
    if missing:
        step.detail = f"installing {', '.join(missing)}"
        env = {**settings.environment(), **APT_ENV}
        try:
            with _no_services():
                process.run(["apt-get", "update", "-qq"], timeout_s=APT_TIMEOUT_S, env=env)
                argv = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *APT_OPTIONS, *missing]
                process.run(argv, timeout_s=APT_TIMEOUT_S, env=env)
        except ProcessError as error:
            names = ", ".join(missing)
            hint = "does apt-get update work here?"
            if "remove is disabled" in error.what:
                hint = f"packages of this host, which stay, would have to go: {HOW}"
            raise Impossible(f"the Debian packages {names} cannot be installed: {error.what}", hint=hint) from error
    return missing


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep dpkg from starting what it installs: Debian's docker.io would start an engine on the usual socket."""
    if POLICY.exists():
        yield  # the host has a policy of its own
        return
    POLICY.write_text(POLICY_TEXT, encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        _forget_policy()


def _forget_policy() -> None:
    """Remove our policy, also that of a run that was killed."""
    if POLICY.is_file() and POLICY.read_text(encoding="utf-8") == POLICY_TEXT:
        POLICY.unlink()
