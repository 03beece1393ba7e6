"""The mapping of the surface: what it may say, what a waiver is worth, and that what it says of checks is so."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.surfaces import EXCUSE, NOTHING, TODAY, covered, named, surface

from conformance import catalog
from conformance.errors import InputError
from conformance.model import Level
from conformance.repos.yaml_files import LOADER
from conformance.rows import rows
from conformance.settings import PACKAGE_DIR
from conformance.surface import Kind
from conformance.surface.mapping import FILE, Coverage, checked_rows, mapping

FIELD = "field Lamp:spec.interval"
COMPARES_ALL = "A04"
"""Compares arguments, whatever they are, and names those that it passes over: it speaks for no flag."""


def test_an_entry_that_a_check_looks_at_is_mapped() -> None:
    found = surface(field=[{"names": ["Lamp:spec.{interval,values}"], "checks": ["A01", "B01"]}])
    assert named(found, FIELD).checks == ("A01", "B01")
    assert named(found, FIELD).mapped
    assert FIELD not in {entry.id for entry in found.unmapped}


def test_a_waiver_holds_to_its_last_day_and_is_nothing_from_then_on() -> None:
    rules = [{"names": ["Lamp:spec.interval"], "waiver": EXCUSE}]
    held, over = surface(field=rules), surface(field=rules, today=TODAY + timedelta(days=1))
    assert (named(held, FIELD).mapped, named(over, FIELD).mapped) == (True, False)
    assert [entry.id for entry in held.waived] == [FIELD]
    lapsed = named(over, FIELD).lapsed
    assert lapsed is not None
    assert lapsed.expires == TODAY


def test_a_value_that_is_not_spelled_out_is_new_surface() -> None:
    found = surface(field=[{"names": ["Lamp:spec.sourceRef.kind{,=Mains}"], "checks": ["A01"]}])
    assert named(found, "field Lamp:spec.sourceRef.kind=Mains").mapped
    assert not named(found, "field Lamp:spec.sourceRef.kind=Battery").mapped


def test_what_is_unclassified_cannot_be_mapped() -> None:
    found = surface(field=[{"names": ["Lamp:spec.older"], "checks": ["A01"]}])
    assert not named(found, "field Lamp:spec.older").mapped


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"names": ["Lamp:spec.interval"], "checks": ["Z99"]}, "no check has the id Z99"),
        ({"names": ["Lamp:spec.interval"]}, "checks or a waiver"),
        ({"names": ["Lamp:spec.interval"], "checks": ["A01"], "waiver": EXCUSE}, "checks or a waiver"),
        ({"names": ["Lamp:spec.interval"], "waiver": {**EXCUSE, "owner": "them"}}, "no owner 'them'"),
        ({"names": ["Lamp:spec.interval"], "waiver": {**EXCUSE, "reason": "why not"}}, "is broken"),
        ({"names": ["Lamp:spec.interval"], "waiver": {**EXCUSE, "expires": "never"}}, "is broken"),
        ({"names": ["Lamp:spec.interval"], "waiver": {"reason": EXCUSE["reason"], "owner": "us"}}, "is broken"),
        ({"names": ["Lamp:spec.{interval,interval}"], "checks": ["A01"]}, "twice"),
        ({"names": ["Lamp:spec.**"], "checks": ["A01"]}, "would match anything"),
        ({"names": ["*"], "checks": ["A01"]}, "would match anything"),
        ({"names": ["Lamp:spec.{a,b"], "checks": ["A01"]}, "brace"),
        ({"names": ["Lamp:spec.interval"], "check": ["A01"]}, "is broken"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        covered(field=[rule])


def test_a_section_that_is_missing_is_refused() -> None:
    with pytest.raises(InputError, match="broken"):
        Coverage({"owners": {}}, [])


def test_a_name_that_no_release_has_is_found() -> None:
    coverage = covered(field=[{"names": ["Lamp:spec.{interval,colour}"], "checks": ["A01"]}])
    assert coverage.unused([entry.id for entry in surface().entries]) == ["field Lamp:spec.colour"]


def test_the_reviewed_mapping_names_checks_that_there_are() -> None:
    known = set(checked_rows())
    assert all(set(rule.checks) <= known for rule in mapping().rules.values())
    assert known == {row.id for row in rows().values() if not row.why_no_check}


def test_nothing_is_left_to_checks_that_are_reported_and_never_judged() -> None:
    levels = {entry.check.id: entry.check.level for entry in catalog.listed()}
    alone = [
        name
        for name, rule in mapping().rules.items()
        if rule.checks and {levels[check] for check in rule.checks} == {Level.PROVISIONAL}
    ]
    assert alone == []


def test_no_waiver_is_for_longer_than_a_year_and_a_month() -> None:
    raw = yaml.safe_load(FILE.read_text())
    ends = {rule["waiver"]["expires"] for kind in Kind for rule in raw[kind] if "waiver" in rule}
    assert max(ends) <= date(2027, 12, 31)
    assert {*raw} == {*NOTHING}


def test_a_check_that_speaks_for_a_field_has_it_in_its_objects_or_it_is_said_how_else() -> None:
    uses = dict(_uses())
    silent = [
        name
        for name, rule in mapping().rules.items()
        if name.startswith("field ") and rule.checks and not rule.how
        if not any(_has(uses[check], name.removeprefix("field ").partition("=")[0]) for check in rule.checks)
    ]
    assert silent == []


def test_a_check_that_speaks_for_a_flag_names_it_and_its_controller_or_it_is_said_how_else() -> None:
    code = {check: text for check, (_, text) in _uses() if check != COMPARES_ALL}
    assert _names_flag(code["A02"], "kustomize-controller --no-remote-bases")
    assert not _names_flag(code["A02"], "helm-controller --no-remote-bases")
    silent = [
        name
        for name, rule in mapping().rules.items()
        if name.startswith("flag ") and rule.checks and not rule.how
        if not any(_names_flag(code.get(check, ""), name.removeprefix("flag ")) for check in rule.checks)
    ]
    assert silent == []


def _names_flag(code: str, name: str) -> bool:
    controller, _, flag = name.partition(" ")
    stem = controller.removesuffix("-controller")
    controlled = re.search(rf'["/]{stem}(-controller)?"', code)
    return bool(controlled and re.search(rf"(?<![\w-]){flag}(?![\w-])", code))


def _uses() -> Iterator[tuple[str, tuple[set[str], str]]]:
    """Each check -> the fields that its scenario has, and its code."""
    for code in sorted((PACKAGE_DIR / "checks").glob("*/test_*.py")):
        scenario = Path(f"{code.with_name(code.name.removeprefix('test_')).with_suffix('.yaml')}")
        found: set[str] = set()
        for document in yaml.load_all(scenario.read_text(), Loader=LOADER) if scenario.is_file() else ():
            if isinstance(document, dict):
                found |= {f"{document['kind']}:spec{path}" for path in _paths(document.get("spec", {}))}
        yield code.name[5:8].upper(), (found, code.read_text())


def _paths(value: Any) -> Iterator[str]:
    yield ""
    if isinstance(value, dict):
        yield from (f".{name}{path}" for name, inner in value.items() for path in _paths(inner))
    elif isinstance(value, list):
        yield from (f"[]{path}" for inner in value for path in _paths(inner))


def _has(seen: tuple[set[str], str], field: str) -> bool:
    fields, code = seen
    kind, _, path = field.partition(":")
    if any(one == field.removesuffix("{}") for one in fields):
        return True
    return kind in code and re.search(rf"\b{re.escape(path)}\b", re.sub(r"\.0\b", "[]", code)) is not None
