"""What a check is for, how to mend what it finds, and what it does: the same parts for terminal, page and document."""

from collections.abc import Sequence
from pathlib import Path

from conformance import catalog
from conformance.bootstrap.abilities import PROBED, lacks
from conformance.bootstrap.controls import TEXTS
from conformance.bootstrap.mutants import MUTANTS
from conformance.bootstrap.remedies import lines_of
from conformance.catalog import Listed
from conformance.model import Check, Form, Part
from conformance.providers.protocol import EXISTING
from conformance.report import wording
from conformance.requirements import derived
from conformance.rows import EXPECTED, GROUNDS, Row, find, rows

_JUDGED = "an audit of an existing cluster judges it"
_PROBED = "an audit of an existing cluster cannot judge it, and a probe does: it needs"
_WIDTH = 10
"""Of the column of names, on a terminal."""


def about(row_id: str) -> str:
    """Return everything about a row of the catalogue as plain text; of one without a check, why there is none.

    Raises:
        InputError: there is no such row.
    """
    row = find(row_id)
    entry = next((found for found in catalog.listed(row.area) if found.check.id == row.id), None)
    if entry is None:
        return as_text(row.id, without_check(row))
    *found, scenario = parts(entry.check, entry.scenario)
    return as_text(row.id, [*found, Part(name="audit", text=audit(entry)), scenario])


def audit(entry: Listed) -> str:
    """Say whether an audit or a probe of an existing cluster judges a check, or what it needs that they have not."""
    missing = (entry.check.needs | derived(entry.module, entry.scenario)) & lacks(EXISTING)
    needed = ", ".join(wording.NEEDED.get(one, one) for one in sorted(missing))
    cannot = (
        _PROBED if missing <= PROBED else "neither an audit nor a probe of an existing cluster can judge it: it needs"
    )
    return f"{cannot} {needed}" if missing else _JUDGED


def parts(check: Check, scenario: Path) -> Sequence[Part]:
    """Return the parts of a check's explanation, in the order in which they are read; empty ones are left out."""
    text, row = TEXTS[check.control], rows().get(check.id)
    found = [
        Part(name="statement", text=check.statement),
        Part(name="why", text=" ".join(check.why.split())),
        Part(name="level", text=str(check.level)),
        Part(name="in", text=", ".join(sorted(check.environments))),
        *(_of_row(row) if row else ()),
        Part(name="control", text=text.title),
        Part(name="set in", text=text.where),
        Part(name="remedy", text=text.remedy),
        Part(name="lines", text=lines_of(check.control), form=Form.YAML),
        Part(name="signal", text=check.signal, form=Form.LITERAL),
        Part(name="mutants", text=mutants(check)),
        Part(name="spec", text=check.spec, form=Form.LINK),
        Part(name="source", text=check.source, form=Form.LITERAL),
        Part(name=scenario.name, text=scenario.read_text(encoding="utf-8").rstrip(), form=Form.YAML),
    ]
    return [part for part in found if part.text]


def without_check(row: Row) -> Sequence[Part]:
    """Return the parts of the explanation of a row that no check looks at."""
    found = [
        Part(name="statement", text=row.statement),
        Part(name="no check", text=row.why_no_check or "not written yet"),
        *_of_row(row),
    ]
    return [part for part in found if part.text]


def mutants(check: Check) -> str:
    """Return the mutants that a check must kill, a line for each; or why there is none."""
    # One that is not there is a mistake that a unit test finds; it must not cost a run.
    lines = [f"{name}: {MUTANTS[name].description if name in MUTANTS else 'not there'}" for name in check.kills]
    return "\n".join(lines) or f"none: {check.unmutable}"


def as_text(row_id: str, found: Sequence[Part]) -> str:
    """Return an explanation as a terminal shows it: statement, labelled lines, and YAML to be copied."""
    statement, *rest = found
    blocks = [f"{row_id}  {statement.text}", "", *(_block(part) for part in rest)]
    return "\n".join(blocks)


def _of_row(row: Row) -> list[Part]:
    return [
        Part(name="published", text=f"{EXPECTED[row.expected]} ({row.expected})"),
        Part(name="takes", text=f"{GROUNDS[row.ground]} ({row.ground})"),
        Part(name="note", text=row.note),
        Part(name="routes", text=row.between_routes),
    ]


def _block(part: Part) -> str:
    if part.name == "why":
        return f"{part.text}\n"
    if part.form is Form.YAML:
        title = "add these lines there" if part.name == "lines" else part.name
        return f"\n--- {title}\n{part.text}\n"
    first, *more = part.text.splitlines()
    return "\n".join([f"{part.name:<{_WIDTH}} {first}", *(f"{'':<{_WIDTH}} {line}" for line in more)])
