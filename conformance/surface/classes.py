"""Which fields, flags and objects touch isolation: `classes.yaml`, and nothing that it does not know is left out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from conformance.errors import InputError
from conformance.surface.crds import Leaf
from conformance.surface.model import RULE, Class
from conformance.surface.patterns import alternatives, compiled

FILE = Path(__file__).with_name("classes.yaml")
RULED = "a rule between fields"
"""What is said of a CEL rule: it narrows what its fields admit; one that comes or goes is shown."""

REPORTED = "reported by the controllers"
"""What is said of a field of `status`: the whole status of a kind is one entry."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Inert(_Block):
    reason: str
    names: tuple[str, ...]


class _Fields(_Block):
    classes: Mapping[Class, tuple[str, ...]]
    suspicious: tuple[str, ...]
    exempt: tuple[_Inert, ...]
    inert: tuple[_Inert, ...]


class _Flags(_Block):
    classes: Mapping[Class, tuple[str, ...]]
    inert: tuple[_Inert, ...]


class _File(_Block):
    fields: _Fields
    flags: _Flags
    objects: Mapping[str, Class]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a field, flag or object: its classes, or why it has none."""

    classes: Sequence[Class]
    inert: str = ""

    @property
    def text(self) -> str:
        """One word for each class, or the reason that there is none."""
        return ", ".join(self.classes) or self.inert


class Classes:
    """The rules of one file."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        try:
            self._file = _File.model_validate(data)
        except ValidationError as error:
            raise InputError(f"{FILE.name} is broken: {error}") from error
        fields = self._file.fields
        self._paths = [(one, found) for one, paths in fields.classes.items() for found in _patterns(paths)]
        self._exempt = {name: one.reason for one in fields.exempt for p in one.names for name in alternatives(p)}
        self._inert = [(found, one.reason) for one in fields.inert for found in _patterns(one.names)]
        self._suspicious = re.compile(rf"\b({'|'.join(fields.suspicious)})\b", re.IGNORECASE)

    def of_field(self, leaf: Leaf) -> Judged:
        """Return the classes of a field; `unclassified` if no rule knows it, or its description says too much."""
        if RULE in leaf.path:
            return Judged((), RULED)
        if leaf.reported:
            return Judged((), REPORTED)
        if leaf.id in self._exempt:
            return Judged((), self._exempt[leaf.id])
        found = tuple(dict.fromkeys(one for one, path in self._paths if path.fullmatch(leaf.path)))
        if found:
            return Judged(found)
        reason = next((reason for path, reason in self._inert if path.fullmatch(leaf.path)), "")
        if reason and not self._suspicious.search(leaf.description):
            return Judged((), reason)
        return Judged((Class.UNCLASSIFIED,))

    def of_flag(self, name: str) -> Judged:
        """Return the classes of a flag, whichever controller has it."""
        flags = self._file.flags
        found = tuple(one for one, names in flags.classes.items() if name in names)
        reason = next((one.reason for one in flags.inert if name in one.names), "")
        return Judged(found) if found else Judged((), reason) if reason else Judged((Class.UNCLASSIFIED,))

    def of_object(self, kind: str) -> Class:
        """Return the class of an object that a release installs."""
        return self._file.objects.get(kind, Class.UNCLASSIFIED)

    def unused(self, leaves: Sequence[Leaf], flags: Sequence[str], kinds: Sequence[str]) -> list[str]:
        """Return the rules that know nothing of all this: they were misspelt, or their time is over."""
        paths = {leaf.path for leaf in leaves}
        spelled = [path for _, path in self._paths] + [path for path, _ in self._inert]
        said = [path.pattern for path in spelled if not any(map(path.fullmatch, paths))]
        said += sorted(set(self._exempt) - {leaf.id for leaf in leaves})
        named = [name for names in self._file.flags.classes.values() for name in names]
        named += [name for one in self._file.flags.inert for name in one.names]
        return said + sorted(set(named) - set(flags)) + sorted(set(self._file.objects) - set(kinds))


def _patterns(names: Sequence[str]) -> Sequence[re.Pattern[str]]:
    return [compiled(path) for name in names for path in alternatives(name)]


@cache
def classes() -> Classes:
    """Return the reviewed rules.

    Raises:
        InputError: the file is broken.
    """
    return Classes(yaml.safe_load(FILE.read_text(encoding="utf-8")))
