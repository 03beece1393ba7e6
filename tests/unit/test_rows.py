"""The rows of the catalogue: all there, each with a check or a written reason, and never with both."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from conformance import catalog, rows
from conformance.errors import InputError
from conformance.report.wording import AREAS
from conformance.rows import Expected, Need, Row

SIZES = {"A": 24, "B": 49, "C": 36, "D": 10, "E": 14, "F": 26, "G": 24, "H": 17, "I": 12, "J": 14}
"""How many rows each area of the catalogue has: none may get lost."""


def test_every_row_of_the_catalogue_is_there() -> None:
    assert Counter(row.area for row in rows.rows().values()) == SIZES
    assert set(SIZES) == set(AREAS)


def test_no_row_is_written_twice() -> None:
    lines = rows.FILE.read_text().splitlines()
    assert sum(line[:1].isupper() for line in lines) == sum(SIZES.values())


def test_ids_are_numbered_without_a_gap() -> None:
    for letter, size in SIZES.items():
        start = 0 if letter == "E" else 1
        wanted = [f"{letter}{number:02d}" for number in range(start, start + size)]
        assert [row.id for row in rows.rows().values() if row.area == letter] == wanted


def test_slugs_and_statements_tell_rows_apart() -> None:
    known = rows.rows().values()
    assert [name for name, times in Counter(row.slug for row in known).items() if times > 1] == []
    assert [said for said, times in Counter(row.statement for row in known).items() if times > 1] == []
    assert [row.id for row in known if row.statement.endswith(".") or "\n" in row.statement] == []


def test_every_row_has_a_check_or_a_reason_and_every_check_is_a_row() -> None:
    said = rows.disagreements([entry.check.id for entry in catalog.listed()])
    assert said == [], f"{len(said)} rows are open:\n" + "\n".join(said)


def row(row_id: str, **fields: object) -> Row:
    known = {"slug": row_id.lower(), "statement": "x", "expected": Expected.HOLDS, "ground": "A"}
    return Row(id=row_id, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "checked", "said"),
    [
        ([row("A01")], ["A01"], []),
        ([row("A01", needs=Need.OPERATOR)], [], []),
        ([row("A01", not_exercised="the server's own")], [], []),
        ([row("A01", compared="run both")], [], []),
        ([row("A01")], [], ["A01 (a01) has neither a check nor a reason"]),
        ([row("A01")], ["A01", "A02"], ["A02 is checked, and is no row of rows.yaml"]),
        ([row("A01", needs=Need.OPERATOR)], ["A01"], ["A01 (a01) has a check and says 'needs operator'"]),
        ([row("A01", not_exercised="x")], ["A01"], ["A01 (a01) has a check and says 'not exercised: x'"]),
    ],
)
def test_disagreements_name_the_row(
    monkeypatch: pytest.MonkeyPatch, known: list[Row], checked: list[str], said: list[str]
) -> None:
    monkeypatch.setattr(rows, "rows", lambda: {one.id: one for one in known})
    assert rows.disagreements(checked) == said


def test_a_row_that_a_comparison_answers_names_its_command() -> None:
    assert rows.find("H17").why_no_check == (
        "answered by `flux-tenancy run --bootstrap cli,operator`, which compares whole runs"
    )


def test_an_id_is_found_whatever_its_case() -> None:
    assert rows.find("f23").needs is Need.SOURCE_WATCHER
    with pytest.raises(InputError, match="no row of the catalogue has the id 'Z99'"):
        rows.find("Z99")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colour": "red"}, r"row A01 has unknown keys or values: \['colour'\]"),
        ({"in": "X"}, "row A01 has unknown keys or values"),
        ({"expected": "MAYBE"}, "row A01 has unknown keys or values"),
        ({"needs": "luck"}, "row A01 needs 'luck'; known: operator, source-watcher"),
    ],
)
def test_what_the_file_may_not_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fields: dict[str, str], said: str
) -> None:
    data = {"A01": {"slug": "a", "expected": "P", "in": "A", "statement": "x", **fields}}
    file = tmp_path / "rows.yaml"
    file.write_text(yaml.safe_dump(data))
    monkeypatch.setattr(rows, "FILE", file)
    with pytest.raises(InputError, match=said):
        rows.rows.__wrapped__()
