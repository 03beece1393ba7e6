"""Who attacked what, and what became of it: filled by those who submit attacks and by those who watch."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.evidence import EvidenceFolder
from conformance.expect import condition, describe
from conformance.kube.objects import Ref
from conformance.model import Manifest
from conformance.timeline import Attack, Fate
from conformance.upgrading.kinds import Kind


@dataclass(slots=True)
class Open:
    """One attack whose fate may still change: what was denied may pass later, never the other way round."""

    kind: Kind
    target: Ref
    trace: Ref
    at: float
    judged_at: float | None = None
    fate: Fate = Fate.PENDING
    said: str = "nobody has judged it"
    shown: Any = None
    evidence: str = ""


@dataclass(slots=True)
class Board:
    """All attacks of one upgrade; safe for several threads."""

    evidence: EvidenceFolder
    now: Callable[[], float] = time.time
    _attacks: list[Open] = field(default_factory=list)
    _by_ref: dict[Ref, list[Open]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, kind: Kind, name: str) -> Open:
        """Begin an attack; it is known before it is submitted, so that nobody sees it too early."""
        attack = Open(kind, Ref.of(kind.manifest(name)), kind.trace(name), self.now())
        with self._changed:
            self._attacks.append(attack)
            for ref in {attack.target, attack.trace}:
                self._by_ref.setdefault(ref, []).append(attack)
        return attack

    def denied(self, attack: Open, said: str, shown: Any) -> None:
        """Note the denial of an attack; one that passed before stays so."""
        self._settle(attack, Fate.DENIED, said, shown)

    def passed(self, attack: Open, said: str, shown: Any) -> None:
        """Note that an attack had its effect."""
        self._settle(attack, Fate.PASSED, said, shown)

    def unclear(self, attack: Open, said: str) -> None:
        """Note what was seen of an attack that nobody has judged."""
        with self._changed:
            if attack.fate is Fate.PENDING:
                attack.said = said

    def see(self, state: Manifest) -> None:
        """Take in an object that is there: an attack's own, or what it leaves behind."""
        ref = Ref.of(state)
        for attack in self._by_ref.get(ref, ()):
            if ref == attack.trace:
                self.passed(attack, f"{ref} exists", state)
            elif not attack.kind.answered:
                self._judge(attack, state)

    def await_judgement(self, attack: Open, timeout_s: float) -> None:
        """Return when an attack is judged, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: attack.fate is not Fate.PENDING, timeout_s)

    def await_all(self, timeout_s: float) -> None:
        """Return when every attack that a controller judges is judged, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: not self.pending(), timeout_s)

    def pending(self) -> Sequence[Open]:
        """Return the attacks that a controller has still to judge."""
        with self._changed:
            return [one for one in self._attacks if one.fate is Fate.PENDING and not one.kind.answered]

    def attacks(self) -> Sequence[Open]:
        """Return all attacks so far, in the order in which they began."""
        with self._changed:
            return sorted(self._attacks, key=lambda attack: attack.at)

    def records(self) -> Sequence[Attack]:
        """Return all attacks as the report keeps them."""
        return [
            Attack(
                kind=one.kind.name,
                target=str(one.target),
                at=one.at,
                judged_at=one.judged_at,
                fate=one.fate,
                said=one.said,
                evidence=one.evidence,
            )
            for one in self.attacks()
        ]

    def keep_evidence(self) -> None:
        """Write what was seen of each attack that was not denied, and of the first of each kind that was."""
        shown: set[str] = set()
        for attack in self.attacks():
            if attack.fate is not Fate.DENIED or attack.kind.name not in shown:
                content = attack.shown if attack.shown is not None else f"{attack.said}\n"
                self.evidence.record(str(attack.fate), str(attack.target), content)
                attack.evidence = self.evidence.files()[-1].path
            if attack.fate is Fate.DENIED:
                shown.add(attack.kind.name)

    def _settle(self, attack: Open, fate: Fate, said: str, shown: Any) -> None:
        with self._changed:
            if attack.fate in (Fate.PASSED, fate):
                return
            attack.fate, attack.said, attack.shown, attack.judged_at = fate, said, shown, self.now()
            self._changed.notify_all()

    def _judge(self, attack: Open, state: Manifest) -> None:
        ready = condition(state, "Ready")
        if ready is None:
            return
        said = describe(state)
        if ready["status"] == "True":
            self.passed(attack, said, state)
        elif _denies(ready, attack.kind):
            self.denied(attack, said, state)
        else:
            self.unclear(attack, said)


def _denies(ready: Mapping[str, Any], kind: Kind) -> bool:
    right = ready["status"] == "False" and ready["reason"] == kind.reason
    return right and all(text in ready["message"] for text in kind.says)
