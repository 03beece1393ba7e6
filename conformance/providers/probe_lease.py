"""The Lease of a probe: two of them on one cluster would stand on each other's ground.

It is written as leader election writes it (coordination.k8s.io/v1), by the API server's clock: those of two machines
may differ by more than a Lease lasts.
"""

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

from conformance.errors import Breakdown, InputError, WaitTimeout
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick
from conformance.kube.probing import LEASE_NAME, LEASE_NAMESPACE, MakingClient
from conformance.kube.wait import ended_by, pause
from conformance.model import Manifest

LASTS_S = 30
"""After so many seconds without a renewal nobody holds it any more."""
RENEWED_S = 10.0
"""Two renewals may fail before it lapses."""
REF = Ref("coordination.k8s.io/v1", "Lease", LEASE_NAME, LEASE_NAMESPACE)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class _LostError(Exception):
    """The Lease is not this run's any more."""


@dataclass(slots=True)
class ProbeLease:
    """The Lease, as one run sees it."""

    client: MakingClient
    holder: str
    """The run and its machine, for whoever finds the Lease taken."""
    _ahead: dt.timedelta = field(default_factory=dt.timedelta)
    """What the API server's clock is ahead of this machine's."""
    _over: threading.Event = field(default_factory=threading.Event)

    def refuse_taken(self) -> None:
        """Look whether another probe holds it; nothing is changed.

        Raises:
            InputError: one does; says which, and since when.
        """
        self._read_clock()
        if told := self._held_by_another(self.client.find(REF)):
            raise InputError(told, hint=f"wait for its end; of a probe that was killed it lapses after {LASTS_S} s")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it over the block, renewed by a thread; it is gone afterwards.

        Raises:
            Breakdown: another probe was faster.
        """
        self._acquire()
        renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            self._over.set()
            renewing.join()
            self._release()

    def _acquire(self) -> None:
        self._read_clock()
        found = self.client.find(REF)
        if told := self._held_by_another(found):
            raise Breakdown(told, hint="another probe began at the same moment; wait for its end")
        try:
            if found is None:
                self.client.create(self._lease(self._now()))
            else:
                self._take(found, self._now())
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            raise Breakdown(f"{REF} was taken by another probe at the same moment", hint="wait for its end") from error

    def _take(self, found: Manifest, since: str) -> None:
        """Write it over one that lapsed; the resource version tells whether somebody else did so first."""
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        self.client.patch(REF, {"metadata": version, "spec": self._lease(since)["spec"]})

    def _renew(self) -> None:
        with ended_by(self._over), contextlib.suppress(WaitTimeout):
            renewed = time.monotonic()
            while True:
                pause(RENEWED_S)
                try:
                    self._renew_once()
                    renewed = time.monotonic()
                except _LostError as lost:
                    return self.client.ground.close(str(lost))
                except Breakdown as error:  # it has two more tries before it lapses
                    if time.monotonic() - renewed > LASTS_S:
                        self.client.ground.close(f"{REF} could not be renewed: {error.what}")

    def _renew_once(self) -> None:
        found = self.client.find(REF)
        if (holder := pick(found, "spec", "holderIdentity")) != self.holder or found is None:
            raise _LostError(f"{REF} is now held by {holder or 'nobody'}")
        version = {"resourceVersion": found["metadata"]["resourceVersion"]}
        self.client.patch(REF, {"metadata": version, "spec": {"renewTime": self._now()}})

    def _release(self) -> None:
        """Delete it as it was read, unless somebody has taken it over, be it between the look and the deletion."""
        tries = 3
        while (found := self.client.find(REF)) and pick(found, "spec", "holderIdentity") == self.holder:
            try:
                self.client.delete_unchanged(found)
            except ApiError as error:
                # Somebody wrote it meanwhile: who holds it now is read again.
                tries -= 1
                if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND) or not tries:
                    raise
            else:
                return

    def _held_by_another(self, found: Manifest | None) -> str:
        """Return who holds it and since when; nothing where nobody does, or the last renewal is too long ago."""
        renewed = pick(found, "spec", "renewTime")
        if found is None or not renewed or self._is_past(renewed, pick(found, "spec", "leaseDurationSeconds") or 0):
            return ""
        spec = found["spec"]
        since = f"since {spec.get('acquireTime')}"
        return f"another probe runs on this cluster: {spec.get('holderIdentity')} holds {REF} {since}"

    def _is_past(self, renewed: str, lasts_s: int) -> bool:
        until = dt.datetime.fromisoformat(renewed) + dt.timedelta(seconds=lasts_s)
        return dt.datetime.now(dt.UTC) + self._ahead > until

    def _read_clock(self) -> None:
        """Learn the API server's time from what a dry-run would have made, to the second."""
        other = {"name": f"{LEASE_NAME}-clock", "namespace": LEASE_NAMESPACE}
        asked = self.client.create({**self._lease(self._now()), "metadata": other}, dry_run=True)
        said = dt.datetime.fromisoformat(asked["metadata"]["creationTimestamp"])
        self._ahead = said - dt.datetime.now(dt.UTC)

    def _now(self) -> str:
        return (dt.datetime.now(dt.UTC) + self._ahead).strftime(_TIME)

    def _lease(self, since: str) -> Manifest:
        spec = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": LASTS_S,
            "acquireTime": since,
            "renewTime": since,
        }
        metadata = {"name": LEASE_NAME, "namespace": LEASE_NAMESPACE}
        return {"apiVersion": REF.api_version, "kind": REF.kind, "metadata": metadata, "spec": spec}
