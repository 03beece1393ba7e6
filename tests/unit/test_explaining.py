"""The explanation of a check: the same parts for every form, complete, and in the reader's own terms."""

import dataclasses

import pytest

from conformance import catalog, explaining, rows
from conformance.bootstrap.controls import TEXTS
from conformance.bootstrap.mutants import MUTANTS
from conformance.errors import InputError
from conformance.rows import Expected, Need, Row

ENTRIES = {entry.check.id: entry for entry in catalog.listed()}


@pytest.mark.parametrize("check_id", ENTRIES)
def test_an_explanation_says_everything(check_id: str) -> None:
    check, scenario = ENTRIES[check_id].check, ENTRIES[check_id].scenario
    found = explaining.parts(check, scenario)
    said = explaining.as_text(check_id, found)
    for part in (check_id, check.statement, check.level, check.signal, check.spec, check.source, scenario.name):
        assert str(part) in said
    for part in (" ".join(check.why.split()), TEXTS[check.control].remedy, TEXTS[check.control].where):
        assert part in said
    for name in check.kills:
        assert f"{name}: {MUTANTS[name].description}" in said
    assert scenario.read_text().rstrip() in said
    names = [part.name for part in found]
    assert len(set(names)) == len(names)
    assert all(part.text for part in found)


def test_the_lines_to_add_can_be_copied_as_they_are() -> None:
    said = explaining.about("g01")
    files = "clusters/<environment>/flux-system/kustomization.yaml, or operator/<environment>/flux-instance.yaml"
    assert f"\nset in     {files}\n" in said
    assert "\n--- add these lines there\npatches:\n  - target:\n      kind: Deployment\n" in said
    assert "\n        value: --no-remote-bases=true\n" in said


def test_a_control_that_is_code_has_a_remedy_and_no_lines() -> None:
    said = explaining.about("G10")
    assert "remedy     run a Flux release whose controllers hold this" in said
    assert "add these lines" not in said


def test_a_check_without_a_mutant_says_why() -> None:
    assert "\nmutants    none: no setting of Flux holds this, so none can be taken away\n" in explaining.about("G02")


def test_a_mutant_is_one_line() -> None:
    check = dataclasses.replace(ENTRIES["F01"].check, kills=("M02", "M09"))
    first, second = explaining.mutants(check).splitlines()
    assert first == "M02: kustomize-controller runs without --no-remote-bases"
    assert second.startswith("M09: ")


def test_a_row_without_a_check_says_why_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explaining.about("f23").splitlines()[:3] == [
        "F23  an ArtifactGenerator cannot use another tenant's source",
        "",
        "no check   needs source-watcher",
    ]
    known = {"slug": "x", "statement": "x", "expected": Expected.CHOICE, "ground": "A"}
    reasons = {
        "not exercised: it is the server's": Row(id="A97", not_exercised="it is the server's", **known),
        "not written yet": Row(id="A98", **known),
        "needs operator": Row(id="A99", needs=Need.OPERATOR, note="half of it", **known),
    }
    monkeypatch.setattr(rows, "rows", lambda: {row.id: row for row in reasons.values()})
    for said, row in reasons.items():
        assert f"\nno check   {said}\n" in explaining.about(row.id)
        assert "\npublished  the fleet's choice (CFG)\n" in explaining.about(row.id)
    assert explaining.about("A99").endswith("\nnote       half of it")


def test_no_row_is_an_error_of_the_input() -> None:
    with pytest.raises(InputError, match="no row of the catalogue has the id 'Z99'"):
        explaining.about("Z99")
