"""The fields of a release's CustomResourceDefinitions: every leaf, and the rules that stand between them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.errors import ToolchainError
from conformance.model import Manifest
from conformance.surface.model import RULE

_SAID = ("type", "format", "pattern", "default", "minLength", "maxLength", "minimum", "maximum", "maxItems")
"""What of a field's schema decides what it may hold. Descriptions are words, and change as words do."""
_EVERY_OBJECT = ("apiVersion", "kind", "metadata")
"""What every object of Kubernetes has at its root. Whatever a definition says beyond that is listed."""
_STATUS = re.compile(r"status(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One field without fields of its own, in all versions that are served."""

    id: str
    """Such as `Kustomization:spec.dependsOn[].name`; `[]` is each item of a list, `{}` each value of a map."""
    path: str
    """Without the kind."""
    description: str
    detail: Mapping[str, str]
    values: Sequence[str] = ()
    """The values that it admits, where these are counted out."""
    manifest: str = ""
    """The file that it was read from."""

    @property
    def reported(self) -> bool:
        """Whether it is part of `status`, which the controllers write."""
        return _STATUS.match(self.path) is not None


@dataclass(slots=True)
class _Seen:
    schemas: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """version -> schema of the field"""


def leaves(definition: Manifest, manifest: str) -> Iterator[Leaf]:
    """Return every leaf of one CustomResourceDefinition, wherever it stands, and every CEL rule as one."""
    kind = definition["spec"]["names"]["kind"]
    seen: dict[str, _Seen] = {}
    for version in definition["spec"]["versions"]:
        if version["served"]:
            for path, schema in _walk(_schema(version, kind), ""):
                if path not in _EVERY_OBJECT:
                    seen.setdefault(path, _Seen()).schemas[version["name"]] = schema
    for path, found in seen.items():
        yield _leaf(kind, path, found.schemas, manifest)


def _schema(version: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    try:
        schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]
    except KeyError as error:
        raise ToolchainError(
            f"the CustomResourceDefinition of {kind} has no schema in {version['name']}",
            hint="the surface of this release cannot be counted: see conformance/surface/crds.py",
        ) from error
    return schema


def _walk(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the leaves below a schema; whatever has an unknown shape is a leaf itself, never left out."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield f"{path}{RULE}{' '.join(rule['rule'].split())}", {"type": "rule"}
    inner = {
        **{f"{path}.{name}".lstrip("."): one for name, one in schema.get("properties", {}).items()},
        **({f"{path}[]": schema["items"]} if isinstance(schema.get("items"), dict) else {}),
    }
    if isinstance(schema.get("additionalProperties"), dict):
        inner[f"{path}{{}}"] = schema["additionalProperties"]
    for name, one in inner.items():
        yield from _walk(one, name)
    if not inner or schema.get("x-kubernetes-preserve-unknown-fields"):
        yield path, schema


def _leaf(kind: str, path: str, schemas: Mapping[str, Mapping[str, Any]], manifest: str) -> Leaf:
    described = dict.fromkeys(" ".join(schema.get("description", "").split()) for schema in schemas.values())
    detail = {"versions": ", ".join(sorted(schemas))}
    for said in _SAID:
        values = {str(schema[said]) for schema in schemas.values() if said in schema}
        detail |= {said: " or ".join(sorted(values))} if values else {}
    admitted = {str(value) for schema in schemas.values() for value in schema.get("enum", ())}
    return Leaf(
        id=f"{kind}:{path}",
        path=path,
        description=" ".join(described),
        detail=detail,
        values=sorted(admitted),
        manifest=manifest,
    )
