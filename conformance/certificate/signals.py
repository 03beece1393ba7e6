"""What the evidence of one check says: who asked for what, and what became of it, by which reason.

Read from the files that `conformance.evidence` wrote, in the order in which it wrote them; pure but for that reading.
An object that is looked at several times gives a signal each time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import yaml

from conformance.certificate.steady import steady
from conformance.certificate.stored import content
from conformance.errors import InputError
from conformance.model import Cell, Plane, Reach
from conformance.report.plain import plain
from conformance.report.schema import CellRow, EvidenceFile, ResultRow

T = TypeVar("T")
HARM = "harm"
"""The kind of evidence that shows an attack's effect."""
FOUND = "found"
"""The kind of evidence that lists what a check found of what must not be; none of it, where the property holds."""
_FIRST_OF_SEVERAL = "-audit-forbidden-"
"""In the names of files: an entry that was looked for by a refusal which names a kind and no object."""
DENIED = "denied"
"""The kind of evidence that says by which reasons of a condition a check takes an object for denied, if by several."""
TEXT = ".txt"
"""How the name of evidence ends that is words for a reader, not an object or an answer."""


class Decision(StrEnum):
    """What became of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "open"
    """Nobody has decided it."""
    FOUND = "found"
    """Not of a request: the check looked for what must not be, and it is there."""
    NOT_FOUND = "not found"


_DECIDING: Mapping[str, Mapping[str, Decision]] = {
    "Ready": {"True": Decision.ALLOWED, "False": Decision.DENIED},
    "ReplicaFailure": {"True": Decision.DENIED},
}
"""Type of condition -> status -> what it says: Flux's own; and of a Deployment, that its Pods are refused."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Signal:
    """One decision that the evidence of a check shows; every text is steady."""

    plane: str
    """A plane of denials; or `FOUND`."""
    subject: str
    """The request, the object, or what was looked for."""
    decision: Decision
    reason: str
    """The condition's reason, or all that the check takes for the same decision; or status and reason of an answer."""
    identity: str
    """Who asked; empty: the evidence does not say."""
    words: str
    """The message beside the reason."""


def signals(row: ResultRow, folder: Path) -> tuple[Signal, ...]:
    """Return what the evidence of one result says, in order.

    Raises:
        InputError: a file is not there, was changed since it was written, or cannot be read as evidence of its kind.
    """
    found = [_connection(cell) for cell in row.cells]
    for file in row.evidence:
        if read := _READERS.get(file.kind):
            found += _read(file, folder, read)
    said = [_parsed(file, folder, _accepted) for file in row.evidence if file.kind == DENIED]
    accepted = {subject: reasons for denied in said for subject, reasons in denied}
    return tuple(_of_class(one, accepted.get(one.subject, ())) for one in found)


def _accepted(said: Mapping[str, Any]) -> Iterable[tuple[str, Sequence[str]]]:
    """Yield an object, and the reasons of its denial that are one decision to the check."""
    yield steady(str(said["object"])), [str(one) for one in said["accepted"]]


def _of_class(signal: Signal, accepted: Sequence[str]) -> Signal:
    """Return a denial under all reasons that the check takes for the same; which of them it was is among its words."""
    if signal.plane != Plane.CONDITION or signal.decision is not Decision.DENIED or signal.reason not in accepted:
        return signal
    return replace(signal, reason=" or ".join(sorted(accepted)), words=f"{signal.reason}: {signal.words}")


def decisions_of(data: bytes) -> frozenset[Decision]:
    """Return what the conditions of an object decide; nothing where it is no object.

    Raises:
        InputError: it is no YAML of ours.
    """
    try:
        known = plain(data)
        return frozenset(one.decision for one in _condition(known, "")) if _is_object(known) else frozenset()
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"it is no evidence of an attack: {error}", hint="upgrade again") from error


def _is_object(known: Any) -> bool:
    return isinstance(known, dict) and {"kind", "metadata"} <= known.keys()


def _read(file: EvidenceFile, folder: Path, read: Callable[[Any, str], Iterable[Signal]]) -> Iterable[Signal]:
    def signals_of(document: Any) -> Iterable[Signal]:
        if isinstance(document, list) and file.kind == "answer":
            return [_refusal(text) for text in document]
        return read(document, file.path)

    return _parsed(file, folder, signals_of)


def _parsed(file: EvidenceFile, folder: Path, read: Callable[[Any], Iterable[T]]) -> Sequence[T]:
    """Return what is read of a file of evidence; nothing of words for a reader."""
    data = content(file, folder)
    if file.path.endswith(TEXT):
        return []
    try:
        return list(read(plain(data)))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"'{folder / file.path}' is no evidence of kind '{file.kind}': {error}", hint="certify that release again"
        ) from error


def _connection(cell: CellRow) -> Signal:
    seen = Cell(**cell.model_dump()).seen
    return Signal(
        plane=Plane.TRAFFIC,
        subject=steady(f"{cell.source} to {cell.target}, {cell.port}/{cell.protocol}"),
        decision=Decision.ALLOWED if seen is Reach.ALLOWED else Decision.DENIED,
        reason="",  # refused or no answer in time: which of both is the network's, and a matter of the moment
        identity="",
        words="",
    )


def _answer(said: Mapping[str, Any], _path: str) -> Iterable[Signal]:
    status = int(said["status"])
    yield Signal(
        plane=Plane.ANSWER,
        subject=steady(str(said["request"])),
        decision=Decision.DENIED if status >= HTTPStatus.BAD_REQUEST else Decision.ALLOWED,
        reason=f"{status} {said['reason']}".strip(),
        identity=str(said["who"]),
        words=steady(str(said["message"])),
    )


def _refusal(text: str) -> Signal:
    """Return what one of several refusals says that somebody else was given, such as a controller that makes Pods."""
    return Signal(
        plane=Plane.ANSWER,
        subject="refusals that others were given",  # as many as there were retries
        decision=Decision.DENIED,
        reason="",
        identity="",
        words=steady(text),
    )


def _condition(state: Mapping[str, Any], _path: str) -> Iterable[Signal]:
    """Yield what conditions decide, if they speak of the object's present generation (catalogue T09)."""
    metadata = state.get("metadata") or {}
    current = metadata.get("generation")
    name = "/".join(part for part in (metadata.get("namespace"), state["kind"], metadata["name"]) if part)
    for found in (state.get("status") or {}).get("conditions") or []:
        if found["type"] not in _DECIDING or found.get("observedGeneration", current) != current:
            continue
        yield Signal(
            plane=Plane.CONDITION,
            subject=steady(name),
            decision=_DECIDING[found["type"]].get(found["status"], Decision.OPEN),
            reason=str(found.get("reason", "")),
            identity=str((state.get("spec") or {}).get("serviceAccountName", "")),
            words=steady(str(found.get("message", ""))),
        )


def _audit(entry: Mapping[str, Any], path: str) -> Iterable[Signal]:
    resource = "/".join(part for part in (entry["group"], entry["resource"], entry["subresource"]) if part)
    code = int(entry["code"])
    # Several objects of one kind can be forbidden for one reason: whichever the log named first is in the evidence.
    name = f" {steady(str(entry['name']))}" if entry["name"] and _FIRST_OF_SEVERAL not in path else ""
    yield Signal(
        plane=Plane.AUDIT,
        subject=f"{entry['verb']} {resource}{name} in {steady(str(entry['namespace'])) or 'the cluster'}",
        decision=Decision.DENIED if code >= HTTPStatus.BAD_REQUEST else Decision.ALLOWED,
        reason=str(code),
        identity=steady(str(entry["user"])),
        words="",
    )


def _found(said: Mapping[str, Any], _path: str) -> Iterable[Signal]:
    found = [str(one) for one in said["found"]]
    yield Signal(
        plane=FOUND,
        subject=steady(str(said["what"])),
        decision=Decision.FOUND if found else Decision.NOT_FOUND,
        reason="",
        identity="",
        words=steady("; ".join(found)),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Iterable[Signal]]] = {
    "answer": _answer,
    "conditions": _condition,
    "audit": _audit,
    FOUND: _found,
}
"""Kind of evidence -> what reads it; the other kinds show no decision of their own."""
READ = frozenset(_READERS)
"""Kinds of evidence that are read for what they say."""
