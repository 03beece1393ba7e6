"""Proves that the cluster's network enforces NetworkPolicies, and waits until it has caught up with a change.

Two Pods stand in the namespace `default`, where no policy is: a server, and a client. One policy closes the server. Put
in place it must stop the client, and taken away it must let it in again. As a network follows changes in their order,
the flip that shows also says that every policy and Pod before it is in force (kube-router and kindnet write all rules
anew at each change).
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from conformance.errors import Breakdown, WaitTimeout
from conformance.kube.client import KubeClient
from conformance.kube.objects import Ref
from conformance.kube.wait import eventually
from conformance.network.flows import Flow
from conformance.network.pods import PORT, NotReady, pod, wait_ready
from conformance.settings import Timeouts

NAMESPACE = "default"
CLIENT, SERVER, POLICY = "conformance-client", "conformance-server", "conformance-closed"
_HINT = "use a network that does, or a provider that brings one; what is not enforced cannot be certified"


class NotEnforced(Breakdown):
    """The cluster's network does not enforce NetworkPolicies: nothing can be said of those that are there."""

    layer = "network"


class Enforcement:
    """The standing Pods and the policy of one cluster. Safe to use from several threads."""

    def __init__(self, client: KubeClient, connects: Callable[[Flow], bool], timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts
        self._connects = connects
        self._lock = threading.Lock()
        self._proved = False
        self._waited = False
        """Two Pods had their time to come up and to reach each other."""
        self._refused: NotEnforced | None = None
        self._closed = False
        self._flipped_at = 0.0

    def prove(self, *, patient: bool = True) -> None:
        """Show once that a policy stops a connection which stood without it.

        Args:
            patient: wait for the connection also where one was waited for in vain before; else try once.

        Raises:
            NotEnforced: the connection stood on; every later call says so too.
            Breakdown: there was no connection in the first place.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if not self._proved:
                self._stand(again=self._waited and not patient)
                self._flip()
                self._proved = True

    def catch_up(self) -> None:
        """Wait until every change before this call is in force. Callers that wait together share one flip.

        Raises:
            NotEnforced: the network did not follow; those who waited for their turn meanwhile are told so too.
        """
        asked = time.monotonic()
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._flipped_at < asked:
                self._flip()

    def cycle(self) -> None:
        """Close and open once more, from where it stands: both must show.

        What was refused before counts for nothing here: beside all other checks a network may have followed too late.
        What was proved does count. To begin with new Pods would look for a way that is open, and rules that nobody
        writes any more may have closed it.

        Raises:
            NotEnforced: one of them did not.
            Breakdown: there was no connection in the first place.
        """
        with self._lock:
            self._refused = None
        self.prove()
        with self._lock:
            self._flip()
            self._flip()

    def forget(self) -> None:
        """Let the next proof begin anew: what enforces the policies was taken away, and is back."""
        with self._lock:
            self._proved, self._refused, self._waited = False, None, False

    def _stand(self, *, again: bool) -> None:
        self._client.delete_if_exists(Ref.of(_policy()))
        self._closed = False
        refs = []
        for name in (CLIENT, SERVER):
            manifest = pod(name, NAMESPACE, {"app": name})
            self._client.apply(manifest)
            refs.append(Ref.of(manifest))
        try:
            wait_ready(self._client, refs, 0.0 if again else self._timeouts.pod_ready)
            self._until(reached=True, timeout_s=0.0 if again else self._timeouts.network_settled)
        except NotReady:
            self._waited = True
            raise
        except WaitTimeout as error:
            self._waited = True
            still = "still " if again else ""
            raise Breakdown(f"two Pods without policies {still}do not reach each other: {error.what}") from error

    def _flip(self) -> None:
        """Close the server if it is open, else open it; wait until that shows."""
        started = time.monotonic()
        if self._closed:
            self._client.delete_if_exists(Ref.of(_policy()))
        else:
            self._client.apply(_policy())
        self._closed = not self._closed
        try:
            self._until(reached=not self._closed, timeout_s=self._timeouts.network_settled)
        except WaitTimeout as error:
            self._refused = NotEnforced(
                f"the cluster's network does not enforce NetworkPolicies: {error.what}", hint=_HINT
            )
            raise self._refused from error
        self._flipped_at = started

    def _until(self, *, reached: bool, timeout_s: float) -> None:
        flow = Flow(source=_ref(CLIENT), target=_ref(SERVER), port=PORT)
        eventually(
            # A packet that a busy node loses looks like a denial: closed is what no one of two gets through.
            lambda: self._connects(flow) or (not reached and self._connects(flow)),
            lambda seen: seen is reached,
            timeout_s=timeout_s,
            what=f"{CLIENT} {'reaches' if reached else 'is kept from'} {SERVER}",
        )


def _ref(name: str) -> Ref:
    return Ref("v1", "Pod", name, NAMESPACE)


def _policy() -> Mapping[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": POLICY, "namespace": NAMESPACE},
        "spec": {"podSelector": {"matchLabels": {"app": SERVER}}, "policyTypes": ["Ingress"]},
    }
