"""What the evidence of one check says: who asked for what, and what became of it, by which reason.

Read from the files that `conformance.evidence` wrote; pure but for that reading. An object that is looked at several
times gives one signal for each different answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from conformance.certificate.steady import steady
from conformance.certificate.stored import content
from conformance.errors import InputError
from conformance.model import Cell, Plane, Reach
from conformance.report.schema import CellRow, EvidenceFile, ResultRow

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where it is: a certificate reads some thousand files."""
HARM = "harm"
"""The kind of evidence that shows an attack's effect."""


class Decision(StrEnum):
    """What became of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "open"
    """Nobody has decided it."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Signal:
    """One decision that the evidence of a check shows; every text is steady."""

    plane: str
    subject: str
    """The request or the object."""
    decision: Decision
    reason: str
    """The condition's reason; or status and reason of an answer."""
    identity: str
    """Who asked; empty: the evidence does not say."""
    words: str
    """The message beside the reason."""


def signals(row: ResultRow, folder: Path) -> frozenset[Signal]:
    """Return what the evidence of one result says.

    Raises:
        InputError: a file is not there, was changed since it was written, or cannot be read as evidence of its kind.
    """
    found: set[Signal] = {_connection(cell) for cell in row.cells}
    for file in row.evidence:
        if read := _READERS.get(file.kind):
            found.update(_read(file, folder, read))
    return frozenset(found)


def _read(file: EvidenceFile, folder: Path, read: Callable[[Any], Iterable[Signal]]) -> Iterable[Signal]:
    data = content(file, folder)
    if file.path.endswith(".txt"):  # words for a reader, not an object or an answer
        return []
    try:
        document = yaml.load(data, Loader=_LOADER)  # noqa: S506 - both loaders are safe ones
        return list(read(document)) if isinstance(document, Mapping) else []
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


def _answer(said: Mapping[str, Any]) -> Iterable[Signal]:
    status = int(said["status"])
    yield Signal(
        plane=Plane.ANSWER,
        subject=steady(str(said["request"])),
        decision=Decision.DENIED if status >= HTTPStatus.BAD_REQUEST else Decision.ALLOWED,
        reason=f"{status} {said['reason']}".strip(),
        identity=str(said["who"]),
        words=steady(str(said["message"])),
    )


def _condition(state: Mapping[str, Any]) -> Iterable[Signal]:
    """Yield the Ready condition, if it speaks of the object's present generation (catalogue T09)."""
    metadata = state.get("metadata") or {}
    current = metadata.get("generation")
    name = "/".join(part for part in (metadata.get("namespace"), state["kind"], metadata["name"]) if part)
    for found in (state.get("status") or {}).get("conditions") or []:
        if found["type"] != "Ready" or found.get("observedGeneration", current) != current:
            continue
        yield Signal(
            plane=Plane.CONDITION,
            subject=steady(name),
            decision={"True": Decision.ALLOWED, "False": Decision.DENIED}.get(found["status"], Decision.OPEN),
            reason=str(found.get("reason", "")),
            identity=str((state.get("spec") or {}).get("serviceAccountName", "")),
            words=steady(str(found.get("message", ""))),
        )


def _audit(entry: Mapping[str, Any]) -> Iterable[Signal]:
    resource = "/".join(part for part in (entry["group"], entry["resource"], entry["subresource"]) if part)
    code = int(entry["code"])
    yield Signal(
        plane=Plane.AUDIT,
        # Several objects of one kind can be refused for one reason: whichever the log named first is in the evidence.
        subject=f"{entry['verb']} {resource} in {steady(str(entry['namespace'])) or 'the cluster'}",
        decision=Decision.DENIED if code >= HTTPStatus.BAD_REQUEST else Decision.ALLOWED,
        reason=str(code),
        identity=steady(str(entry["user"])),
        words="",
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Signal]]] = {
    "answer": _answer,
    "conditions": _condition,
    "audit": _audit,
}
"""Kind of evidence -> what reads it; the other kinds show no decision of their own."""
