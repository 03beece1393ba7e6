"""Attacks without a pause, each kind in a thread of its own, while something else happens to the platform.

Every attack has objects of its own and stays open until the end: what a controller denied before its restart, the one
that comes after it judges again.
"""

import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown, KubeError, WaitTimeout
from conformance.kube.audit import WRITES, AuditEntry
from conformance.kube.client import FIELD_MANAGER, ApiError
from conformance.kube.objects import Ref
from conformance.kube.wait import ended_by, eventually, object_until, pause
from conformance.timeline import Fate
from conformance.upgrading.board import Board, Open
from conformance.upgrading.kinds import PREFIX, TENANTS, VICTIM, Arsenal, Kind
from conformance.upgrading.watching import Watcher

CHECK_ID = PREFIX
"""Marks the attackers' requests in the audit log."""
RHYTHM_S = 1.0
"""From one attack of a kind to the next, at least: two cores also have to change the platform."""
PATIENCE_S = 3.0
"""How long the next attack of a kind waits for the judgement of the one before: longer, and a restart would hide it."""
OPEN = 5
"""Attacks of a kind that wait for their judgement, at most; with the patience, a quarter of a minute's."""
_WORKERS = 16
_INTO = f"{VICTIM}-"
"""helm-controller puts the target namespace before the name of a release that it does not install beside its object."""
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
_WATCHED = (
    ("v1", "ConfigMap"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
)


@dataclass(slots=True)
class AttackLoop:
    """The attacks of one upgrade."""

    platform: Platform
    arsenal: Arsenal
    board: Board
    _stop: threading.Event = field(default_factory=threading.Event)
    _since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _numbers: dict[str, int] = field(default_factory=dict)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Attack for the length of the block; then wait until all attacks are judged, and remove what they made."""
        watcher = Watcher(self.platform.client, self.board.see)
        watcher.start(_WATCHED, TENANTS)
        threads = [
            threading.Thread(target=self._attack_on, args=(kind,), name=f"attack-{kind.name}", daemon=True)
            for kind in self.arsenal.kinds
        ]
        for thread in threads:
            thread.start()
        try:
            yield
            self._end(threads)
            self._ask_again()
            self.board.await_all(self.platform.timeouts.reconciled)
            pause(self.platform.timeouts.hold_window)
            self._search_audit_log()
        except KeyboardInterrupt:  # the platform ends now, with all that is on it
            self._stop.set()
            self.board.keep_evidence()
            raise
        except Exception:  # whatever broke, the attacks are removed and the error goes on
            self._clear(threads, watcher)
            raise
        self._clear(threads, watcher)

    def _clear(self, threads: Sequence[threading.Thread], watcher: Watcher) -> None:
        self._end(threads)
        watcher.stop()
        self.board.keep_evidence()
        self._remove()

    def await_denials(self, count: int, *, since: float) -> None:
        """Return when so many attacks of each kind that began after `since` are denied, or anything passed.

        Raises:
            WaitTimeout: of some kind they were not.
        """
        eventually(
            lambda: self._lacking(count, since),
            lambda lacking: not lacking,
            timeout_s=self.platform.timeouts.reconciled,
            what=f"{count} denials of every kind of attack (what is lacking, and what was seen last)",
        )

    def _lacking(self, count: int, since: float) -> dict[str, str]:
        attacks = [one for one in self.board.attacks() if one.at >= since]
        if any(one.fate is Fate.PASSED for one in attacks):
            return {}
        mine = {kind.name: [one for one in attacks if one.kind is kind] for kind in self.arsenal.kinds}
        return {
            name: found[-1].said if found else "none was made"
            for name, found in mine.items()
            if sum(one.fate is Fate.DENIED for one in found) < count
        }

    def _attack_on(self, kind: Kind) -> None:
        with ended_by(self._stop):
            while not self._stop.is_set():
                started = time.monotonic()
                attack = self._attack(kind)
                if not kind.answered:
                    self.board.await_judgement(attack, PATIENCE_S)
                    self._await_room(kind)
                try:
                    pause(RHYTHM_S - (time.monotonic() - started))
                except WaitTimeout:
                    return

    def _await_room(self, kind: Kind) -> None:
        """Return when few attacks of a kind are open: more of them would only keep a slow controller from judging."""
        while (
            not self._stop.is_set()
            and len(waiting := [one for one in self.board.pending() if one.kind is kind]) >= OPEN
        ):
            self.board.await_judgement(waiting[0], RHYTHM_S)

    def _attack(self, kind: Kind) -> Open:
        self._numbers[kind.name] = self._numbers.get(kind.name, 0) + 1
        name = f"{PREFIX}-{kind.name}-{self._numbers[kind.name]:04d}"
        manifest = kind.manifest(name)
        attack = self.board.enter(kind, name)
        client = self.platform.as_tenant(kind.submitter(manifest), CHECK_ID)
        try:
            made = client.create(manifest)
        except ApiError as error:
            self._refused(attack, error)
        except Breakdown as error:
            self.board.unclear(attack, f"nobody answered: {error.what}")
        else:
            if kind.answered:
                self.board.passed(attack, "it was admitted", made)
        return attack

    def _refused(self, attack: Open, error: ApiError) -> None:
        kind = attack.kind
        said = f'{error.status} {error.reason} "{error.message}"'
        if kind.answered and error.status == kind.status and all(text in error.message for text in kind.says):
            self.board.denied(attack, said, said + "\n")
        else:
            self.board.unclear(attack, said)

    def _ask_again(self) -> None:
        """Let controllers judge what none has judged, as `flux reconcile` does; some only try again after an hour.

        A controller that ends in the middle of its work may leave an object with no judgement at all.
        """
        for attack in self.board.pending():
            stamp = {"metadata": {"annotations": {REQUESTED_AT: str(time.time_ns())}}}
            with contextlib.suppress(ApiError):  # it was never made; its fate says so
                self.platform.client.patch(attack.target, stamp)

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        self._stop.set()
        for thread in threads:
            thread.join()

    def _search_audit_log(self) -> None:
        """Look for what was written and is gone again: no watch is sure to have seen it."""
        log, attacks = self.platform.cluster.audit, self.board.attacks()
        if log is None or not attacks:
            return
        traces = {self._audited(one.trace): one for one in attacks}

        def harm(entry: AuditEntry) -> bool:
            written = entry.verb in WRITES - {"delete", "deletecollection"} and not (entry.refused or entry.dry_run)
            key = (entry.group, entry.resource, entry.namespace, entry.name)
            return written and entry.agent != FIELD_MANAGER and key in traces and not entry.subresource

        for entry in log.entries(harm, since=self._since):
            attack = traces[entry.group, entry.resource, entry.namespace, entry.name]
            self.board.passed(attack, f"{entry.user} wrote {attack.trace}", entry.as_record())

    def _audited(self, ref: Ref) -> tuple[str, str, str, str]:
        group, resource = self.platform.client.resource(ref)
        return group, resource, ref.namespace, ref.name

    def _remove(self) -> None:
        """Delete every attack, then what is left of its effect, and wait until all is gone."""
        attacks = self.board.attacks()
        remove(self.platform, {one.target for one in attacks}, stuck={one.target for one in attacks if _got_in(one)})
        remove(self.platform, {one.trace for one in attacks} | self._stored({one.target.name for one in attacks}))

    def _stored(self, names: Collection[str]) -> set[Ref]:
        """Return the Helm storage of attacks that got in: nobody uninstalls a release whose finalizer was taken off."""
        client = self.platform.client
        secrets = [
            one
            for namespace in TENANTS
            for one in client.objects("v1", "Secret", namespace=namespace, labels="owner=helm")
        ]
        return {Ref.of(one) for one in secrets if one["metadata"]["labels"]["name"].removeprefix(_INTO) in names}


def remove(platform: Platform, refs: Collection[Ref], *, stuck: Collection[Ref] = ()) -> None:
    """Delete objects and wait until they are gone.

    Args:
        stuck: those whose finalizers are taken off: what an unlocked controller applied, a locked one cannot prune.

    Raises:
        KubeError: one of them still hangs at the deadline.
    """

    def delete(ref: Ref) -> None:
        platform.client.delete_if_exists(ref)
        if ref in stuck and platform.client.find(ref) is not None:
            platform.client.patch(ref, {"metadata": {"finalizers": None}})

    def wait(ref: Ref) -> None:
        timeout = platform.timeouts.reconciled
        if not object_until(platform.client, ref, lambda state: state is None, timeout_s=timeout)[1]:
            raise KubeError(f"{ref} was not removed within {timeout:g} s")

    with ThreadPoolExecutor(_WORKERS, "remove") as pool:
        list(pool.map(delete, refs))  # all of them first: controllers take them up side by side
        list(pool.map(wait, refs))


def _got_in(attack: Open) -> bool:
    return attack.fate is Fate.PASSED
