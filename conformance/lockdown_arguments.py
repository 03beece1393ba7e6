"""The lockdown arguments of the controllers, compared between the bootstrap routes; pure but for its data file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("lockdown_arguments.yaml")
FLAGS = ("--no-cross-namespace-refs", "--no-remote-bases", "--default-service-account")
ABSENT = "absent"
_ACCOUNT = "<account>"

Arguments = Mapping[str, Mapping[str, str]]
"""Controller -> flag of `FLAGS` -> value; a flag that is missing is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One flag of one controller, on each route."""

    controller: str
    flag: str
    values: Mapping[str, str]
    """Name of a column -> value, or `ABSENT`."""

    @property
    def alike(self) -> bool:
        """Whether every column says the same."""
        return len(set(self.values.values())) == 1


def published(route: str, account: str) -> Arguments:
    """Return what a route sets, as `FILE` has it, for a fleet whose tenants' account has this name."""
    found: dict[str, dict[str, str]] = {}
    for argument, controllers in _file()[route].items():
        flag, _, value = argument.replace(_ACCOUNT, account).partition("=")
        for controller in controllers:
            found.setdefault(controller, {})[flag] = value
    return found


def other(route: str) -> str:
    """Return the route that this one is compared with."""
    return next(name for name in _file() if name != route)


def table(columns: Mapping[str, Arguments], controllers: Iterable[str]) -> list[Row]:
    """Return a row for each flag of each controller that any column sets, in the order of the names."""
    rows = [
        Row(
            controller=controller,
            flag=flag,
            values={name: _value(one, controller, flag) for name, one in columns.items()},
        )
        for controller in sorted(controllers)
        for flag in FLAGS
    ]
    return [row for row in rows if set(row.values.values()) != {ABSENT}]


def different(rows: Sequence[Row]) -> list[str]:
    """Return a line for each row whose columns differ."""
    return [
        f"{row.controller} {row.flag}: {', '.join(f'{name} {value}' for name, value in row.values.items())}"
        for row in rows
        if not row.alike
    ]


def _value(arguments: Arguments, controller: str, flag: str) -> str:
    return arguments.get(controller, {}).get(flag, ABSENT)


@cache
def _file() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))
