"""The catalog: complete, generated, and every check and mutant of it paired."""

from pathlib import Path

import pytest

from conformance import catalog, catalog_page
from conformance.bootstrap.controls import TEXTS
from conformance.bootstrap.lockdown import _READERS
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import InputError
from conformance.model import Control, Level
from conformance.report.wording import AREAS
from conformance.settings import PACKAGE_DIR

ENTRIES = catalog.listed()
FOUNDATION = [
    "A01",
    "A02",
    "A03",
    "A05",
    "A06",
    "A08",
    "A09",
    "B01",
    "B02",
    "B03",
    "B04",
    "B05",
    "B07",
    "B08",
    "B17",
    "B24",
    "B27",
    "B30",
    "B31",
    "B33",
    "B35",
    "B39",
    "B42",
    "C01",
    "C02",
    "C03",
    "C05",
    "C06",
    "C07",
    "C09",
    "C11",
    "C13",
    "C15",
    "C16",
    "C21",
    "C22",
    "C24",
    "D02",
    "D05",
    "D08",
    "F01",
    "F05",
    "F06",
    "F12",
    "F16",
    "G01",
    "G02",
    "G05",
    "G06",
    "G09",
    "G10",
    "G12",
    "G13",
    "G16",
    "H01",
    "H06",
    "H08",
    "H09",
    "H10",
    "H13",
    "I07",
    "J02",
    "J03",
]
"""The checks that the first release promises."""
DOCUMENT = PACKAGE_DIR.parent / "docs" / "catalog.md"


def test_every_promised_check_is_there() -> None:
    assert sorted(set(FOUNDATION) - {entry.check.id for entry in ENTRIES}) == []


def test_the_document_is_what_the_checks_say() -> None:
    assert DOCUMENT.is_file(), "`make catalog` writes it"
    assert DOCUMENT.read_text(encoding="utf-8") == catalog_page.markdown(), "stale: run `make catalog`"


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_has_a_check_that_claims_it(mutant: str) -> None:
    assert [entry.check.id for entry in ENTRIES if mutant in entry.check.kills] != []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.check.id)
def test_every_claimed_mutant_exists_where_the_check_runs(entry: catalog.Listed) -> None:
    for mutant in entry.check.kills:
        assert mutant in MUTANTS
        assert MUTANTS[mutant].environments & entry.check.environments, mutant


def test_every_judged_check_kills_a_mutant_and_every_other_says_why_not() -> None:
    judged = [entry.check for entry in ENTRIES if entry.check.level is not Level.PROVISIONAL]
    assert [check.id for check in judged if not check.kills] == []
    assert [e.check.id for e in ENTRIES if not e.check.kills and not e.check.unmutable] == []


@pytest.mark.parametrize("control", Control)
def test_every_control_has_its_texts(control: Control) -> None:
    text = TEXTS[control]
    assert text.title
    assert text.where
    assert text.remedy


def test_every_control_is_read_back() -> None:
    assert set(_READERS) == set(Control)


def test_controls_that_no_check_looks_at_do_not_exist() -> None:
    assert sorted(set(Control) - {entry.check.control for entry in ENTRIES}) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.check.id)
def test_every_check_says_why_and_by_which_signal_it_is_seen(entry: catalog.Listed) -> None:
    assert entry.check.why, "the docstring's second paragraph says why it matters"
    assert entry.check.signal, "signal= says what shows that the property holds"
    assert "\n" not in entry.check.signal


def test_an_area_is_a_letter_of_the_catalogue() -> None:
    assert {entry.check.area for entry in catalog.listed("b")} == {"B"}
    assert sum(len(catalog.listed(letter)) for letter in AREAS) == len(ENTRIES)
    with pytest.raises(InputError, match="no area has the letter 'Z'"):
        catalog.listed("Z")


def test_two_checks_with_one_id_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "references"
    folder.mkdir()
    source = next(entry.module for entry in ENTRIES if entry.check.id == "F01").read_text()
    for name in ("test_f01_once.py", "test_f01_twice.py"):
        (folder / name).write_text(source)
    monkeypatch.setattr(catalog, "CHECKS", tmp_path)
    with pytest.raises(InputError, match=r"test_f01_twice\.py: F01 is declared by .*test_f01_once\.py as well"):
        catalog.listed()
