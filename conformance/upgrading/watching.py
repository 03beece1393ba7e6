"""Watches of whole kinds in the tenants' namespaces: each change of an object is seen when it happens."""

import threading
from collections.abc import Callable, Iterable

from conformance.errors import Breakdown
from conformance.kube.client import KubeClient
from conformance.model import Manifest

_CHUNK_S = 20
_AGAIN_S = 0.2


class Watcher:
    """Tells of every object of some kinds that is there or appears, until it is stopped.

    A watch that breaks, as one does when its CustomResourceDefinition is changed, is begun anew with a listing: what
    was there only in between is not seen here, but in the audit log.
    """

    def __init__(self, client: KubeClient, tell: Callable[[Manifest], None]) -> None:
        self._client = client
        self._tell = tell
        self._stop = threading.Event()

    def start(self, kinds: Iterable[tuple[str, str]], namespaces: Iterable[str]) -> None:
        """Begin to watch (API version, kind) in each of these namespaces."""
        places = list(namespaces)
        for api_version, kind in kinds:
            for namespace in places:
                words = (api_version, kind, namespace)
                name = f"watch-{namespace}-{kind}"
                threading.Thread(target=self._follow, args=words, name=name, daemon=True).start()

    def stop(self) -> None:
        """Tell nothing more; a watch that is open ends with its own time."""
        self._stop.set()

    def _follow(self, api_version: str, kind: str, namespace: str) -> None:
        while not self._stop.is_set():
            try:
                self._listen(api_version, kind, namespace)
            except Breakdown:
                self._stop.wait(_AGAIN_S)

    def _listen(self, api_version: str, kind: str, namespace: str) -> None:
        items, version = self._client.objects_at(api_version, kind, namespace=namespace)
        for item in items:
            self._tell(item)
        for event, item in self._client.watch(api_version, kind, namespace=namespace, since=version, seconds=_CHUNK_S):
            if self._stop.is_set():
                return
            if event != "DELETED":
                self._tell(item)
