"""Bring the lab up and down."""

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from conformance import process, settings
from conformance.errors import ProviderError
from conformance.toolchain import Toolchain
from conformance.toolchain.progress import Step
from conformance.toolchain.recipes import load
from kind_lab import commands, debian, host
from kind_lab.engine import Engine
from kind_lab.host import InUse
from kind_lab.images import Image, ImageMaker, binaries_of, planned
from kind_lab.layout import LOCK, RUN, RUN_ID, Layout
from kind_lab.node import TOOLS, NodeMaker

Tell = Callable[[str], None]
RUNTIME = "runc-unprivileged"
PATIENCE_S = 10.0
"""Another `down` takes 4 s."""


def up(layout: Layout, tell: Tell, *, flux_version: str, force: bool = False) -> list[str]:
    """Make everything that is not there yet; return the names of the images in the engine.

    Raises:
        Impossible: this host cannot; says why.
        NotNeeded: an engine is here already; nothing was changed.
        InputError: unknown Flux version; nothing was changed.
        Breakdown: a step failed; says which, and what to do.
    """
    load(flux_version, settings.data_dir("toolchain"))
    host.check(layout, force=force)
    layout.root.mkdir(parents=True, exist_ok=True)
    RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(LOCK):
        try:
            process.end_processes(process.processes_of_run(RUN_ID))
            shutil.rmtree(layout.temporary(), ignore_errors=True)
            return _up(layout, tell, flux_version)
        finally:
            shutil.rmtree(layout.temporary(), ignore_errors=True)


def _up(layout: Layout, tell: Tell, flux_version: str) -> list[str]:
    with Step(tell, "kind-lab: Debian packages", brief=True) as step:
        if installed := host.install(step):
            tell(f"kind-lab: installed {', '.join(installed)}; no service was started")
    with Step(tell, "kind-lab: the node's Debian", brief=True) as step:
        system = debian.ensure(layout, step)
    host.check_policies(system)
    with Toolchain(flux_version, None, layout.cache, tell) as toolchain:
        images = planned(toolchain.recipes, platform.machine())
        toolchain.require(sorted({*TOOLS, *(image.tool for image in images)} - set(commands.NAMES)))
        with Step(tell, "kind-lab: its own commands", brief=True):
            own = commands.ensure(layout)
        engine = Engine(layout)
        with Step(tell, "kind-lab: engine", brief=True):
            if engine.start(own[RUNTIME]):
                tell(f"kind-lab: engine started on {layout.docker_host}")
        maker = ImageMaker(engine, binaries_of(toolchain, images, own), system)
        programs = {tool: own.get(tool) or toolchain.path(tool) for tool in TOOLS}
        node = NodeMaker(engine, programs, system, toolchain.recipes.build_of("kubelet").version)
        return _images(images, maker, node, tell)


def _images(images: Sequence[Image], maker: ImageMaker, node: NodeMaker, tell: Tell) -> list[str]:
    for image in images:
        with Step(tell, f"kind-lab: image {image.image}", brief=True):
            if maker.ensure(image):
                tell(f"kind-lab: made {image.image}")
    with Step(tell, f"kind-lab: image {node.name}", brief=True):
        if node.ensure(images, [maker.key(image) for image in images]):
            tell(f"kind-lab: made {node.name}")
    return [node.name, *(image.image for image in images)]


def down(layout: Layout, tell: Tell, *, purge: bool = False, force: bool = False) -> None:
    """End the engine with its containers, and take back what it changed on the host; with `purge` all files too.

    Args:
        force: also under runs that live.

    Raises:
        InUse: somebody else brings the lab up or down, or a live run has a cluster in it; nothing was changed.
        Breakdown: a step failed; says which.
    """
    with _alone():
        engine = Engine(layout)
        if not force and (used := engine.used_clusters()):
            raise InUse(
                f"live runs have clusters in the lab's engine: {', '.join(used)}",
                hint="wait for their end, or end them too: make kind-lab-down FORCE=1",
            )
        with Step(tell, "kind-lab: ending the engine", brief=True):
            ended = engine.stop()
            _empty(RUN)
        tell(f"kind-lab: {'the engine is ended' if ended else 'no engine runs'}")
        if purge and layout.root.is_dir():
            with Step(tell, "kind-lab: removing its files", brief=True):
                shutil.rmtree(layout.root)
            tell(f"kind-lab: removed {layout.root}; Debian packages and the toolchain stay")


@contextmanager
def _alone() -> Iterator[None]:
    if not RUN.is_dir():
        yield  # no lab was up since the machine started
        return
    try:
        with FileLock(LOCK, timeout=PATIENCE_S):
            yield
    except Timeout:
        hint = "wait for its end; the engine may be meant for its tests"
        raise InUse("somebody else brings the lab up or down right now", hint=hint) from None


def _empty(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path != LOCK:
            path.unlink(missing_ok=True)


def environment(layout: Layout) -> Mapping[str, str]:
    """Return the variables with which clients reach the engine.

    Raises:
        ProviderError: it does not answer.
    """
    if not Engine(layout).answers():
        raise ProviderError("the lab's engine does not run", hint="make kind-lab")
    return {"DOCKER_HOST": layout.docker_host}
