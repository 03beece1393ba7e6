"""The rows of the catalogue: every property of tenant isolation that is known, whether a check looks at it or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml

from conformance.errors import InputError

FILE = Path(__file__).with_name("rows.yaml")


class Expected(StrEnum):
    """What is known of a row on the published architecture with its lockdown."""

    HOLDS = "P"
    GAP = "GAP"
    CHOICE = "CFG"
    LIMIT = "LIM"


class Need(StrEnum):
    """What a row waits for that the suite does not have yet."""

    OPERATOR = "operator"
    SOURCE_WATCHER = "source-watcher"


EXPECTED: Mapping[Expected, str] = {
    Expected.HOLDS: "holds",
    Expected.GAP: "does not hold without a guard of the fleet's own",
    Expected.CHOICE: "the fleet's choice",
    Expected.LIMIT: "a limit of Flux that no setting lifts",
}
GROUNDS: Mapping[str, str] = {
    "A": "the API server",
    "C": "source-, kustomize- and helm-controller",
    "C+n": "those of C and notification-controller",
    "C+i": "those of C and the image controllers",
    "C+w": "those of C and source-watcher",
    "C+o": "those of C and Flux Operator",
    "N": "nodes, and a network that enforces policies",
}
"""What it takes to look at a row."""
_KEYS = frozenset(
    {"slug", "expected", "in", "statement", "note", "needs", "not_exercised", "compared", "between_routes"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One property, with an id that is never given to another."""

    id: str
    slug: str
    statement: str
    expected: Expected
    ground: str
    """A key of `GROUNDS`."""
    note: str = ""
    needs: Need | None = None
    not_exercised: str = ""
    compared: str = ""
    """The command that answers it by a comparison of whole runs; empty: none does."""
    between_routes: str = ""
    """Why the bootstrap routes give different results, all else being the same; empty: they do not."""

    @property
    def area(self) -> str:
        """The catalogue's section: the letter of the id."""
        return self.id[0]

    @property
    def why_no_check(self) -> str:
        """Why no check looks at it; empty where one should."""
        if self.needs:
            return f"needs {self.needs}"
        if self.compared:
            return f"answered by `{self.compared}`, which compares whole runs"
        return self.not_exercised and f"not exercised: {self.not_exercised}"


@cache
def rows() -> Mapping[str, Row]:
    """Return every row, by id, in the catalogue's order.

    Raises:
        InputError: rows.yaml says something that this module does not know.
    """
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {row_id: _row(row_id, fields) for row_id, fields in sorted(data.items())}


def find(row_id: str) -> Row:
    """Return one row, whatever the case of its id.

    Raises:
        InputError: there is no such row.
    """
    if row_id.upper() not in rows():
        raise InputError(
            f"no row of the catalogue has the id '{row_id}'",
            hint="docs/catalog.md has them all; `flux-tenancy list` prints those with a check",
        )
    return rows()[row_id.upper()]


def disagreements(checked: Collection[str]) -> list[str]:
    """Return what is wrong between the rows and the ids of the checks; nothing is without a check and a reason."""
    known = rows()
    said = [f"{row_id} is checked, and is no row of {FILE.name}" for row_id in sorted(set(checked) - set(known))]
    for row in known.values():
        if row.id in checked and row.why_no_check:
            said.append(f"{row.id} ({row.slug}) has a check and says '{row.why_no_check}'")
        if row.id not in checked and not row.why_no_check:
            said.append(f"{row.id} ({row.slug}) has neither a check nor a reason")
    return said


def _row(row_id: str, fields: Mapping[str, str]) -> Row:
    unknown = sorted(set(fields) - _KEYS)
    if unknown or fields["in"] not in GROUNDS or fields["expected"] not in set(Expected):
        raise InputError(f"{FILE.name}: row {row_id} has unknown keys or values: {unknown or dict(fields)}")
    if "needs" in fields and fields["needs"] not in set(Need):
        raise InputError(f"{FILE.name}: row {row_id} needs '{fields['needs']}'; known: {', '.join(Need)}")
    return Row(
        id=row_id,
        slug=fields["slug"],
        statement=fields["statement"],
        expected=Expected(fields["expected"]),
        ground=fields["in"],
        note=fields.get("note", ""),
        needs=Need(fields["needs"]) if "needs" in fields else None,
        not_exercised=fields.get("not_exercised", ""),
        compared=fields.get("compared", ""),
        between_routes=fields.get("between_routes", ""),
    )
