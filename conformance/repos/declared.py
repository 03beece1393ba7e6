"""Admission policies and bindings as a fleet's own files have them, and what of the live ones is otherwise.

Files are read as kustomize would find them, from the folder of an environment's policies, and not built: an audit has
no kubectl. A kustomization that changes what it includes leaves nothing to compare with.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.model import Manifest
from conformance.repos.mapping import AddressMap
from conformance.repos.yaml_files import load_objects, parse_objects, read_text, yaml_files

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_INCLUDES = ("resources", "components", "bases")
_CHANGES = (
    "namePrefix",
    "nameSuffix",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "transformers",
)
_DEFAULTS = {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "scope": "*"}
"""What the API server writes where a policy says nothing (pkg/apis/admissionregistration/v1/defaults.go)."""
_NARROWS = ("excludeResourceRules", "matchConditions", "resourceNames")


def declared(root: Path, folder: str, addresses: AddressMap) -> Sequence[Manifest] | None:
    """Return the objects of a fleet's folder, and of what it includes; None where a kustomization changes them.

    Raises:
        InputError: a file is not YAML.
    """
    found: list[Manifest] = []
    for path in _files(root / folder, set()):
        if path.name in _FILES:
            if any(one.get(key) for one in load_objects(path) for key in _CHANGES):
                return None
        else:
            found += parse_objects(addresses.apply(read_text(path)), path)
    return found


def _files(place: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield the files that a folder includes, its kustomization among them; each once, servers' files left out."""
    place = place.resolve()
    if place in seen:
        return
    seen.add(place)
    if place.is_file():
        yield place
    elif (chosen := next((place / name for name in _FILES if (place / name).is_file()), None)) is not None:
        yield chosen
        names = [name for one in load_objects(chosen) for key in _INCLUDES for name in one.get(key) or []]
        for name in names:
            yield from _files(place / name, seen)
    elif place.is_dir():
        yield from yaml_files(place)  # as Flux does where there is no kustomization


def departures(live: Manifest, files: Sequence[Manifest] | None) -> Sequence[str]:
    """Return what of a live policy or binding is not as its file has it; without a file, what lets requests by."""
    spec = live["spec"]
    same = (one for one in files or () if all(_name(one)[key] == _name(live)[key] for key in ("kind", "name")))
    if (file := next(same, None)) is None:
        found = {**spec, **(spec.get("matchConstraints") or {}), **(spec.get("matchResources") or {})}
        rules = found.get("resourceRules") or []
        fields = [key for key in _NARROWS if found.get(key) or any(rule.get(key) for rule in rules)]
        if (spec.get("matchResources") or {}).get("resourceRules"):
            fields.append("resourceRules")
        return [*(f"{key}, which no file of the fleet has" for key in fields), *_open(spec)]
    wanted, seen = _plain(file.get("spec") or {}), _plain(spec)
    other = [key for key in sorted({*wanted, *seen}) if wanted.get(key) != seen.get(key)]
    return [*(f"{key} is not as in the fleet's files" for key in other), *_open(spec)]


def _name(one: Manifest) -> Mapping[str, Any]:
    return {"kind": one.get("kind"), "name": (one.get("metadata") or {}).get("name")}


def _open(spec: Mapping[str, Any]) -> list[str]:
    """Return what lets a tenant by, whoever wrote it: labels are the tenant's own, and `true` refuses nothing."""
    scope = spec.get("matchConstraints") or spec.get("matchResources") or {}
    rules = spec.get("validations")
    return [
        *(["objectSelector: objects are passed over by their labels"] if _plain(scope.get("objectSelector")) else []),
        *(["parameterNotFoundAction Allow"] if _parameter(spec) == "Allow" else []),
        *(["no validation that could refuse"] if rules is not None and all(map(_refuses_nothing, rules)) else []),
    ]


def _parameter(spec: Mapping[str, Any]) -> Any:
    return (spec.get("paramRef") or {}).get("parameterNotFoundAction")


def _refuses_nothing(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("expression", "")).strip() == "true"


def _plain(value: Any) -> Any:
    """Return a value without what is empty or a default of the API server, so that file and live object compare."""
    if isinstance(value, Mapping):
        items = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, [], {}) and _DEFAULTS.get(key) != item}
    return [_plain(item) for item in value] if isinstance(value, list) else value
