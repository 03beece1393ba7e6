"""`flux-tenancy surface`: what there is to check in a Flux release, and what another one changes of it.

Errors of the suite pass through: the command that mounts this one prints them.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conformance.errors import InputError
from conformance.model import Verdict
from conformance.surface import Entry, Surface, SurfaceDiff, compare, surface_of
from conformance.surface.document import diff_document, surface_document, to_yaml
from conformance.surface.page import counted, diff_markdown, different, markdown

_WIDTH = 250
"""Of a table: one line for each entry, for grep."""
_USAGE = "flux-tenancy surface VERSION, or flux-tenancy surface diff FROM TO"
_PAIR = 3
"""Words of a comparison: diff, and two versions."""


class SurfaceFormat(StrEnum):
    """How a surface is printed."""

    TABLE = "table"
    YAML = "yaml"
    MARKDOWN = "markdown"


def surface(
    words: Annotated[list[str], typer.Argument(metavar="VERSION | diff FROM TO", show_default=False)],
    form: Annotated[SurfaceFormat, typer.Option("--format", help="table, yaml or markdown.")] = SurfaceFormat.TABLE,
) -> None:
    """Count what touches isolation in a Flux release, or what another one changes: 0 all mapped, 10 not."""
    read = functools.partial(surface_of, tell=functools.partial(typer.echo, err=True))
    if words[0] == "diff" and len(words) == _PAIR:
        diff = compare(read(words[1]), read(words[2]))
        _print(form, lambda: to_yaml(diff_document(diff)), lambda: diff_markdown(diff), lambda: _diff_table(diff))
        raise typer.Exit(diff.exit_code)
    if words[0] == "diff" or len(words) > 1:
        raise InputError(f"'surface {' '.join(words)}' cannot be understood", hint=_USAGE)
    found = read(words[0])
    _print(form, lambda: to_yaml(surface_document(found)), lambda: markdown(found), lambda: _surface_table(found))
    raise typer.Exit(found.exit_code)


def _print(
    form: SurfaceFormat, as_yaml: Callable[[], str], as_markdown: Callable[[], str], as_table: Callable[[], None]
) -> None:
    match form:
        case SurfaceFormat.YAML:
            typer.echo(as_yaml(), nl=False)
        case SurfaceFormat.MARKDOWN:
            typer.echo(as_markdown(), nl=False)
        case SurfaceFormat.TABLE:
            as_table()


def _surface_table(found: Surface) -> None:
    _entries(("", entry) for entry in found.entries)
    _counts(found)
    _end(found, found.verdict, [])


def _diff_table(diff: SurfaceDiff) -> None:
    _entries(
        (
            *(("new", entry) for entry in diff.new),
            *(("gone", entry) for entry in diff.removed),
            *(("changed", one.after) for one in diff.changed),
        )
    )
    for one in diff.changed:
        typer.echo(f"~ {one.after.id}: {' -> '.join(different(one))}")
    for sign, leaves in (("+", diff.new_leaves), ("-", diff.removed_leaves)):
        for name, said in leaves.items():
            typer.echo(f"{sign} {name} ({said})")
    _end(diff.after, diff.verdict, diff.incomparable)


def _entries(entries: Iterator[tuple[str, Entry]] | Sequence[tuple[str, Entry]]) -> None:
    table = Table("", "entry", "touches", "looked at by", box=None)
    for said, entry in entries:
        table.add_row(said, entry.id, ", ".join(entry.classes), _coverage(entry))
    if table.row_count:
        Console(width=_WIDTH, markup=False, highlight=False).print(table)


def _coverage(entry: Entry) -> str:
    if entry.checks:
        return ", ".join(entry.checks)
    if entry.waiver is not None:
        return f"waived until {entry.waiver.expires}"
    return f"NOBODY, its waiver ended on {entry.lapsed.expires}" if entry.lapsed else "NOBODY"


def _counts(found: Surface) -> None:
    table = Table("", "entries", "checked", "waived", "new", box=None)
    for row in counted(found):
        table.add_row(*(str(cell) for cell in row))
    Console(width=_WIDTH, markup=False, highlight=False).print(table)


def _end(found: Surface, verdict: Verdict, incomparable: Sequence[str]) -> None:
    """Print what was read, what was not, and the verdict."""
    lines = [("read", one) for one in found.sources] + [("not read", one) for one in found.reservations]
    lines += [("not compared", one) for one in incomparable]
    lines += [("new surface", f"{entry.id}, from {entry.origin}") for entry in found.unmapped]
    for said, line in lines:
        typer.echo(f"{said:<13} {line}")
    doubts = f"; reservations: {len(found.reservations)}" if found.reservations else ""
    doubts += f"; not compared: {len(incomparable)}" if incomparable else ""
    said = f"{verdict}: {len(found.unmapped)} entries of {found.version} mapped to nothing{doubts}"
    typer.echo(f"{'verdict':<13} {said}")
    if found.unmapped:
        typer.echo(f"{'next':<13} map them in conformance/surface/mapping.yaml, to a check or with a waiver")
