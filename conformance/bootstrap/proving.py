"""Proves, while a platform comes up, that its network enforces policies."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.wait import ended_by
from conformance.model import Capability


@contextlib.contextmanager
def proof_of_network(made: Platform) -> Iterator[Future[list[str]]]:
    """Prove in the background, before any check is planted: beside all checks a busy node follows late.

    Yields:
        What stood in the way, to be said in the report; E00 makes a finding of it, and the other checks of the network
        are not judged. Nothing where there are no nodes.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1, "network") as pool:
        try:
            yield pool.submit(_prove, made, stop)
        finally:
            stop.set()  # also when the platform breaks off: nobody reads the proof then


def _prove(made: Platform, stop: threading.Event) -> list[str]:
    if Capability.NODES not in made.cluster.capabilities:
        return []
    try:
        with ended_by(stop):
            made.network.enforcement.prove()
    except Breakdown as error:
        return [error.what]
    return []
