"""Brings images of the engine into a node, while its cluster is created or again later; the node pulls the rest."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from conformance.errors import ProcessError, ProviderError
from conformance.kube.wait import ended_by, eventually
from conformance.providers.engine import Engine
from conformance.providers.kind_cluster import ClusterCommands
from conformance.settings import Timeouts


class Loading:
    """The images of one node.

    Args:
        images: all that will be started in the cluster besides the node's own.
    """

    def __init__(
        self, engine: Engine, commands: ClusterCommands, node: str, images: Sequence[str], timeouts: Timeouts
    ) -> None:
        self._engine = engine
        self._commands = commands
        self._node = node
        self._images = images
        self._timeouts = timeouts
        self._stop = threading.Event()
        self.notes: list[str] = []
        """Where each image comes from."""
        self.failed: Mapping[str, str] = {}
        """What the engine holds and could not be loaded, and what kind said of it."""

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """Load while the block creates the cluster: as soon as the node's container runtime answers.

        Raises:
            ProviderError: loading did not come to an end.
            WaitTimeout: the container runtime does not answer.
        """
        with ThreadPoolExecutor(1, "images") as pool:
            loaded: Future[None] = pool.submit(self.load)
            try:
                yield
            except BaseException:
                self._stop.set()
                raise
            loaded.result()

    def load(self, *, kept: bool = False) -> None:
        """Load what the engine holds, one image after another.

        Args:
            kept: the node is that of a kept cluster, and may have what the engine lacks.

        An engine that keeps images as containerd does holds of an image for several platforms its own part alone, which
        `kind load` may refuse (kubernetes-sigs/kind#3795): the node can pull it all the same.
        """
        ids = {image: self._engine.image_id(image) for image in self._images}
        held = [image for image, found in ids.items() if found]
        if held:
            self._until_runtime()
            self.failed = self._loaded(held)
        elsewhere = "is not in the local engine: the node has it, or pulls it" if kept else "is for the node to pull"
        self.notes += [f"{image} {self._origin(image, found) or elsewhere}" for image, found in ids.items()]

    def _loaded(self, held: Sequence[str]) -> Mapping[str, str]:
        try:
            return self._commands.load(held, timeout_s=self._timeouts.image_load * len(held), stop=self._stop)
        except ProcessError as error:
            raise ProviderError(
                f"images cannot be loaded into the node: {error}",
                hint="on a slow machine raise --flux-timeout-factor; images that the engine does not hold are pulled",
            ) from error

    def _origin(self, image: str, found: str) -> str:
        if image in self.failed:
            return f"could not be loaded and is left for the node to pull: {self.failed[image]}"
        return f"loaded from the local engine ({found})" if found else ""

    def _until_runtime(self) -> None:
        what = "the node's container runtime answers"
        with ended_by(self._stop):
            eventually(self._answers, bool, timeout_s=self._timeouts.kind_cluster, what=what, interval_s=0.5)

    def _answers(self) -> bool:
        try:
            self._engine.in_node(self._node, ["ctr", "version"])
        except ProcessError:
            return False
        return True
