"""Who looks at an entry of the surface: `mapping.yaml`, the one reviewed file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from conformance.errors import InputError
from conformance.rows import rows
from conformance.surface.model import Class, Entry, Kind, Waiver
from conformance.surface.patterns import alternatives

FILE = Path(__file__).with_name("mapping.yaml")


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WaiverBlock(_Block):
    """Why no check looks at it."""

    reason: str = Field(min_length=20)
    owner: str = Field(min_length=1)
    expires: date


class Rule(_Block):
    """Some entries of one kind, and who looks at them."""

    names: tuple[str, ...] = Field(min_length=1)
    checks: tuple[str, ...] = ()
    how: str = ""
    waiver: WaiverBlock | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.checks) == (self.waiver is not None):
            raise ValueError("checks or a waiver, and not both")
        return self


class _File(_Block):
    owners: Mapping[str, str]
    field: tuple[Rule, ...]
    flag: tuple[Rule, ...]
    rule: tuple[Rule, ...]
    grant: tuple[Rule, ...]
    binding: tuple[Rule, ...]
    object: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    id: str
    rule: Rule


class Coverage:
    """The rules of one file.

    Raises:
        InputError: the file is broken, names a check that there is not, or one entry twice.
    """

    def __init__(self, data: Any, checked: Iterable[str]) -> None:
        try:
            self._file = _File.model_validate(data)
        except ValidationError as error:
            raise InputError(f"{FILE.name} is broken: {error}") from error
        self.rules: Mapping[str, Rule] = _by_id(self._file)
        self._refuse_unknown(frozenset(checked))

    def applied(self, entry: Entry, today: date) -> Entry:
        """Return an entry with the checks that look at it, or its waiver; what nobody has classified gets neither."""
        rule = self.rules.get(entry.id)
        if rule is None or Class.UNCLASSIFIED in entry.classes:
            return entry
        if rule.waiver is None:
            return replace(entry, checks=rule.checks, how=rule.how)
        waiver = Waiver(reason=rule.waiver.reason, owner=rule.waiver.owner, expires=rule.waiver.expires)
        return replace(entry, waiver=waiver) if today <= waiver.expires else replace(entry, lapsed=waiver)

    def unused(self, ids: Iterable[str]) -> Sequence[str]:
        """Return the entries that are named here and that none of these is."""
        return sorted(set(self.rules) - set(ids))

    def _refuse_unknown(self, checked: frozenset[str]) -> None:
        said = [
            f"{name}: no check has the id {check}"
            for name, rule in self.rules.items()
            for check in rule.checks
            if check not in checked
        ]
        said += [
            f"{name}: no owner '{rule.waiver.owner}'"
            for name, rule in self.rules.items()
            if rule.waiver and rule.waiver.owner not in self._file.owners
        ]
        if said:
            raise InputError(f"{FILE.name}: {'; '.join(said[:5])}", hint="`flux-tenancy list` prints every check")


def _by_id(file: _File) -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for named in _named(file):
        if named.id in found:
            raise InputError(f"{FILE.name} names '{named.id}' twice", hint="leave one of them")
        found[named.id] = named.rule
    return found


def _named(file: _File) -> Iterable[_Named]:
    for kind in Kind:
        for rule in getattr(file, kind):
            for pattern in rule.names:
                yield from (_Named(f"{kind} {name}", rule) for name in _spelled(pattern))


def _spelled(pattern: str) -> Sequence[str]:
    """Return the names that a pattern means; there are no wildcards, so that nothing new is mapped by accident."""
    if "**" in pattern or pattern.strip() in {"", "*"}:
        raise InputError(f"{FILE.name}: '{pattern}' would match anything", hint="spell the names out, with {a,b}")
    return alternatives(pattern)


def checked_rows() -> Sequence[str]:
    """Return the ids of the rows that a check looks at."""
    return [row.id for row in rows().values() if not row.why_no_check]


@cache
def mapping() -> Coverage:
    """Return the reviewed mapping.

    Raises:
        InputError: the file is broken.
    """
    return Coverage(yaml.safe_load(FILE.read_text(encoding="utf-8")), checked_rows())
