"""The shape of the checks: one YAML each, and a twin for each denial.

A denial means something only if nothing but the control can have caused it. So the denied object has a twin that is
allowed, and the two differ in one field: had they differed in two, the denial might be the other field's.
"""

import ast
import functools
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import conformance
from conformance.api import ATTRIBUTE
from conformance.bootstrap.mutants import MUTANTS
from conformance.manifests import Planned, load, tenants_of
from conformance.model import Check
from conformance.settings import data_dir

ROOT = Path(conformance.__file__).parent / "checks"
VALUES = {
    "git_url": "http://127.0.0.1:1/example",
    "oci_url": "oci://127.0.0.1:2/example",
    "flux_namespace": "flux-system",
    "release_timeout": "30s",
}
MODULES = sorted(path for path in ROOT.glob("*/test_*.py"))
SCENARIOS = sorted(ROOT.glob("*/*.yaml"))
FLUX = ".toolkit.fluxcd.io/"
ANY = ".+"


def _name(path: Path) -> str:
    return path.stem.removeprefix("test_")


def _scenario_of(module: Path) -> list[Planned]:
    return load(module.with_name(f"{_name(module)}.yaml"), VALUES)


def _twins() -> Iterator[Any]:
    for path in SCENARIOS:
        planned = load(path, VALUES)
        for one in planned:
            if one.twin:
                yield pytest.param(one, planned, id=f"{path.stem}-{one.ref.label}")


def test_there_are_checks() -> None:
    # Every other test of this file is empty, and green, where nothing is found.
    assert MODULES
    assert SCENARIOS


@pytest.mark.parametrize(("denied", "planned"), list(_twins()))
def test_a_denied_object_differs_from_its_twin_in_exactly_one_field(denied: Planned, planned: list[Planned]) -> None:
    found = [one for one in planned if one.ref.label == denied.twin]
    assert len(found) == 1, f"{len(found)} objects are '{denied.twin}'"
    assert not found[0].twin, f"{denied.twin} is itself a denied object"
    differing = differences(found[0].manifest, denied.manifest)
    assert len(differing) == 1, f"differs from {denied.twin} in {differing or 'nothing'}"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param({"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, [], id="the name does not count"),
        pytest.param({"spec": {"x": 1}}, {"spec": {"x": 2}}, ["spec.x"], id="another value"),
        pytest.param({"spec": {}}, {"spec": {"x": {"y": 1}}}, ["spec.x.y"], id="one more field"),
        pytest.param({"spec": {"x": {}}}, {"spec": {"y": 1}}, ["spec.y"], id="another member of a union"),
        pytest.param({"spec": {"x": {}, "z": 1}}, {"spec": {"z": 1}}, ["spec.x"], id="an empty field less"),
        pytest.param({"a": {"x": {}}, "b": 1}, {"a": {"z": 1}, "b": 2}, ["a.z", "b"], id="a union and another field"),
        pytest.param({"spec": {"x": [1]}}, {"spec": {"x": [1, 2]}}, ["spec.x.1"], id="one more item"),
        pytest.param({"spec": {"x": 1}}, {"spec": {"x": True}}, ["spec.x"], id="another type"),
        pytest.param({"kind": "A"}, {"kind": "B", "spec": 1}, ["kind", "spec"], id="two fields"),
    ],
)
def test_differences_are_leaves(ours: dict[str, Any], theirs: dict[str, Any], expected: list[str]) -> None:
    assert differences(ours, theirs) == expected


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return the paths of all leaves in which two objects differ, besides their names."""
    left, right = dict(_leaves(ours)), dict(_leaves(theirs))
    missing = object()
    found = {path for path in left | right if left.get(path, missing) != right.get(path, missing)}
    return sorted(found - {path for path in found if _is_other_half(path, found, left | right)} - {"metadata.name"})


def _is_other_half(path: str, found: set[str], leaves: Mapping[str, tuple[str, Any]]) -> bool:
    """Whether an empty mapping differs only because the other side has something in its place.

    Either it is filled there, or it is one member of a union, as `emptyDir: {}` of a volume, and the other side has
    another member: one field that is exchanged, although two keys differ.
    """
    places = (f"{path}.", f"{path.rpartition('.')[0]}.")
    return leaves[path][1] in ({}, []) and any(other.startswith(places) for other in found - {path})


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, tuple[str, Any]]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _leaves(item, f"{path}.{key}" if path else str(key))
    if not items:
        yield path, (type(value).__name__, value)


def test_each_check_has_one_scenario_and_each_scenario_one_check() -> None:
    assert {path.with_name(_name(path)) for path in MODULES} == {path.with_suffix("") for path in SCENARIOS}


def test_file_names_are_unique_across_areas() -> None:
    assert [name for name, count in Counter(path.name for path in MODULES).items() if count > 1] == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_holds_one_check_that_bears_its_id(path: Path) -> None:
    [check] = _checks(path)
    assert _name(path).startswith(f"{check.id.lower()}_")


def test_ids_are_unique() -> None:
    ids = Counter(check.id for path in MODULES for check in _checks(path))
    assert [check_id for check_id, count in ids.items() if count > 1] == []


def test_claimed_mutants_exist() -> None:
    claimed = {mutant for path in MODULES for check in _checks(path) for mutant in check.kills}
    assert sorted(claimed - set(MUTANTS)) == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_object_names_carry_the_id(path: Path) -> None:
    """All scenarios lie on one platform at once: two objects of the same name would be one."""
    prefix = _name(path).split("_")[0]
    shared = {"Namespace", "Deployment", "ServiceAccount", "Kustomization", "Secret"}
    loose = [
        one.ref.label
        for one in _scenario_of(path)
        if one.use == "plant" and not one.ref.name.startswith(f"{prefix}-") and one.ref.kind not in shared
    ]
    assert loose == []


def test_planted_objects_are_unique_across_checks() -> None:
    owners: dict[str, set[str]] = {}
    for path in SCENARIOS:
        for one in load(path, VALUES):
            if one.use != "wanted":
                owners.setdefault(f"{one.ref.api_version} {one.ref}", set()).add(path.stem)
    assert {ref: sorted(names) for ref, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_check_lives_in_shared_tenants_or_in_its_own(path: Path) -> None:
    prefix = _name(path).split("_")[0]
    foreign = [n for n in tenants_of(_scenario_of(path)) if n.split("-")[0] not in ("shared", prefix)]
    assert foreign == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_attack_folders_exist(path: Path) -> None:
    attacks = data_dir("fixtures") / "attacks"
    named = {
        str(one.manifest.get("spec", {}).get("path", "")).removeprefix("./attacks/")
        for one in _scenario_of(path)
        if str(one.manifest.get("spec", {}).get("path", "")).startswith("./attacks/")
    }
    # A path that must not be there says so.
    absent = [folder for folder in sorted(named) if not (attacks / folder).exists()]
    assert absent == [folder for folder in sorted(named) if folder.endswith("/missing")]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_denied_flux_object_has_a_twin(path: Path) -> None:
    planned = _scenario_of(path)
    twins = {one.twin for one in planned}
    lonely = []
    for pattern in denied_labels(ast.parse(path.read_text())):
        denied = [one for one in planned if re.fullmatch(pattern, one.ref.label)]
        # The pattern of a parametrised check may fit the allowed object too.
        meant = [one for one in denied if ANY not in pattern or one.ref.label not in twins]
        lonely += [one.ref.label for one in meant if FLUX in one.ref.api_version and not one.twin]
    assert lonely == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("expect(scenario['A/x']).is_denied()", ["A/x"], id="in place"),
        pytest.param("x = scenario['A/x']\nexpect(x).is_denied()", ["A/x"], id="by a name"),
        pytest.param(
            "a = scenario['A/x'].with_fields({}).submit()\nexpect(a).is_refused()", ["A/x"], id="by its answer"
        ),
        pytest.param("expect(scenario['ns', 'A/x']).is_denied()", ["A/x"], id="with a namespace"),
        pytest.param("expect(scenario[f'A/x-{k}-y']).is_denied()", ["A/x-.+-y"], id="of a parameter"),
        pytest.param("own = scenario['A/x']\nexpect(own).becomes_ready()", [], id="not the allowed one"),
        pytest.param("expect(scenario.patch(scenario['A/x'].ref, {})).is_refused()", [], id="not one that is patched"),
    ],
)
def test_denied_labels_are_read_from_the_source(body: str, expected: list[str]) -> None:
    assert sorted(denied_labels(ast.parse(body))) == expected


def denied_labels(tree: ast.AST) -> set[str]:
    """Return patterns of the labels that `is_denied` or `is_refused` is said of, followed through plain assignments."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="expect"), args=[subject]), attr="is_denied" | "is_refused"
                )
            ):
                found |= _labels(subject, assigned, set())
            case _:
                pass
    return found


def _labels(node: ast.expr, assigned: Mapping[str, list[ast.expr]], seen: set[str]) -> set[str]:
    """Return the labels of what an expression stands for: `scenario[…]`, its `with_fields(…)`, its `submit()`."""
    match node:
        case ast.Subscript(value=ast.Name(id="scenario"), slice=key):
            return {_pattern(key.elts[-1] if isinstance(key, ast.Tuple) else key)}
        case ast.Call(func=ast.Attribute(value=inner, attr="with_fields" | "submit")):
            return _labels(inner, assigned, seen)
        case ast.Name(id=name) if name not in seen:
            return {label for value in assigned.get(name, []) for label in _labels(value, assigned, seen | {name})}
        case _:
            return set()


def _pattern(key: ast.expr) -> str:
    match key:
        case ast.Constant(value=str(text)):
            return re.escape(text).replace(r"\-", "-")
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part) if isinstance(part, ast.Constant) else ANY for part in parts)
        case _:
            return ANY


def _checks(path: Path) -> list[Check]:
    return [
        vars(item)[ATTRIBUTE] for item in vars(_imported(path)).values() if ATTRIBUTE in getattr(item, "__dict__", {})
    ]


@functools.cache
def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"checks_under_test.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
