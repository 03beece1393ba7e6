"""Looks whether this machine can run Kind clusters; nothing is changed, started or pulled."""

import gzip
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from conformance.doctor import GIB, Finding
from conformance.errors import Breakdown
from conformance.providers.engine import Engine, EngineFacts
from conformance.providers.engine_place import require_here
from conformance.providers.kind import TOOLS
from conformance.providers.kind_cluster import require_pytest_kind
from conformance.providers.kind_plan import (
    KINDNET,
    KUBE_ROUTER,
    choose_image,
    require_free_memory,
    require_kernel,
    require_memory,
)
from conformance.settings import cache_dir
from conformance.toolchain import cached_tools, host_go

ANSWER_S = 5.0
"""Deadline of one question to the engine; seen under 0.2 s."""
MIN_DISK_GIB = 6
"""A node image of up to 2.7 GB, the part of it that is copied into the node's volume, and what a cluster starts."""
_CONFIGS = ("/proc/config.gz", "/boot/config-{0}", "/lib/modules/{0}/config")
_POLICIES = {KINDNET: ("NFT_QUEUE",), KUBE_ROUTER: ("IP_SET", "NETFILTER_XT_SET")}
"""What a policy engine asks of the kernel, the first choice first: an nft rule `queue`, or ipsets."""


def examine_kind() -> Iterator[Finding]:
    """Yield what was found, the engine's own answers last: without one, or without its answer, they are left out."""
    yield _asked("package", require_pytest_kind, "pytest-kind")
    yield _tools()
    try:
        engine = Engine.find(answer_s=ANSWER_S)
        facts = engine.facts()
    except Breakdown as error:
        yield Finding("container engine", False, error.what, error.hint)
        return
    yield Finding("container engine", True, f"{facts.version} on {facts.system or 'an unknown system'}", "")
    yield _asked("kernel", lambda: require_kernel(facts), facts.kernel)
    place = _asked("engine's networks", lambda: require_here(engine, facts), "on this machine")
    yield place
    yield _asked("engine's memory", lambda: require_memory(facts), f"{facts.memory_bytes / GIB:.1f} GiB")
    if place.good:
        yield _asked("free memory", require_free_memory, f"{psutil.virtual_memory().available / GIB:.1f} GiB")
        yield from _disk(facts)
        yield _policies()
    yield _image(engine)


def _asked(what: str, question: Callable[[], None], seen: str) -> Finding:
    try:
        question()
    except Breakdown as error:
        return Finding(what, False, error.what, error.hint)
    return Finding(what, True, seen, "")


def _tools() -> Finding:
    there = {tool.origin.tool for tool in cached_tools(cache_dir())}
    lacking = [name for name in TOOLS if name not in there]
    if not lacking:
        return Finding("kind and kubectl", True, "in the cache", "")
    return _asked(
        "kind and kubectl",
        lambda: _ignored(host_go(cache_dir())),
        f"{' and '.join(lacking)} will be built by the first run, with Go",
    )


def _ignored(_: object) -> None:
    """Ask for what raises, and not for its answer."""


def _disk(facts: EngineFacts) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(facts.storage).free / GIB
    except OSError:
        return  # in a place that this user may not look at
    remedy = f"{MIN_DISK_GIB} GiB are needed for a node image and a cluster; `docker system df` shows what takes space"
    yield Finding(f"free disk at {facts.storage}", free >= MIN_DISK_GIB, f"{free:.0f} GiB", remedy)


def _policies() -> Finding:
    what, options = "enforcing of NetworkPolicies", _kernel_options()
    if options is None:
        return Finding(what, True, "the kernel's configuration is not here; a run tries it in a container", "")
    able = [engine for engine, wanted in _POLICIES.items() if options.issuperset(wanted)]
    seen = f"by {able[0]}, says the kernel's configuration" if able else "the kernel is made for no engine's rules"
    return Finding(what, bool(able), seen, "use a kernel with NFT_QUEUE, or with IP_SET and NETFILTER_XT_SET")


def _kernel_options() -> set[str] | None:
    """Return what the running kernel has, built in or as a module; None where nobody says."""
    for pattern in _CONFIGS:
        path = Path(pattern.format(platform.release()))
        try:
            text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        except (OSError, EOFError, UnicodeDecodeError):
            continue
        return set(re.findall(r"^CONFIG_(\w+)=[ym]$", text, re.MULTILINE))
    return None


def _image(engine: Engine) -> Finding:
    try:
        image = choose_image(engine, "")
    except Breakdown as error:
        return Finding("node image", False, error.what, error.hint)
    return Finding("node image", True, f"{image.reference} {'is held' if image.held else 'is to be pulled'}", "")
