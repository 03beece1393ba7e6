"""Which binary a live Pod's image stands for, of the Flux releases between which a run moves."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import ToolchainError
from conformance.toolchain.session import Toolchain


@dataclass(frozen=True, slots=True)
class Subject:
    """A controller that can be run."""

    binary: Path
    version: str
    """Of the binary, such as v1.9.5; another than was asked for where it stands in."""


class Subjects:
    """The controllers of one release or several, by the tag of their images.

    A tag that no release here has is run by the first release's binary: a module proxy may serve a part of a release
    only. Each such stand-in is kept for the report, and makes the verdict provisional.
    """

    def __init__(self, releases: Sequence[Toolchain]) -> None:
        self._releases = tuple(releases)
        self._stand_ins: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def find(self, controller: str, tag: str) -> Subject:
        """Return what runs for an image of this tag; waits while it is being built.

        Raises:
            ToolchainError: no release here has such a controller, or it cannot be built.
        """
        versions = [(release, _version(release, controller)) for release in self._releases]
        for release, version in versions:
            if version == tag:
                return Subject(release.path(controller), version)
        for release, version in versions:
            if version:
                with self._lock:
                    self._stand_ins[controller, tag] = version
                return Subject(release.path(controller), version)
        raise ToolchainError(f"no release of this run has a controller '{controller}'")

    def stand_ins(self) -> Mapping[tuple[str, str], str]:
        """Return (controller, tag that was asked for) -> version that ran in its place."""
        with self._lock:
            return dict(self._stand_ins)


def _version(release: Toolchain, controller: str) -> str:
    try:
        return release.recipes.build_of(controller).version
    except ToolchainError:
        return ""
