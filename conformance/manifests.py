"""Reads the YAML beside a check: plain manifests with four substitutions and four annotations.

Substitutions: ${git_url}, ${oci_url}, ${flux_namespace}, ${release_timeout} (how long Helm waits for the Pods of a
release, which take their time on real nodes); any other is refused when the check is collected.
Annotations (taken off before an object is sent):
  conformance.fluxtenancy.dev/use: attempt   the check itself submits the object and reads the answer
  conformance.fluxtenancy.dev/use: wanted    never submitted: a part that the live object must contain
  conformance.fluxtenancy.dev/as: platform   submitted by the platform admin although it lies in a tenant's namespace
  conformance.fluxtenancy.dev/twin: Kind/name   the allowed object that this denied one differs from in one field
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml

from conformance.errors import InputError
from conformance.kube.objects import Ref
from conformance.model import Manifest

PREFIX = "conformance.fluxtenancy.dev/"
PLACEHOLDERS = {
    "git_url": "http://x/example",
    "oci_url": "oci://x/example",
    "flux_namespace": "flux-system",
    "release_timeout": "30s",
}
"""Values that make a scenario readable before there is a platform."""
SUBSTITUTIONS = tuple(PLACEHOLDERS)
_TENANT = re.compile(r"^(shared|[a-j]\d\d)-[a-z][a-z0-9-]*$")


@dataclass(frozen=True, slots=True)
class Planned:
    """One object of a scenario."""

    manifest: Manifest
    use: str
    """plant, attempt or wanted."""
    as_platform: bool
    twin: str

    @property
    def ref(self) -> Ref:
        """The object's address."""
        return Ref.of(self.manifest)


def read_documents(path: Path) -> str:
    """Return a scenario's text.

    Raises:
        InputError: the file is missing.
    """
    try:
        return path.read_text()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}", hint="each check has one YAML beside it"
        ) from error


def check_substitutions(path: Path) -> None:
    """Refuse a scenario that names an unknown substitution.

    Raises:
        InputError: with file and line.
    """
    for number, line in enumerate(read_documents(path).splitlines(), 1):
        for match in Template.pattern.finditer(line):
            name = match["named"] or match["braced"]
            if match["invalid"] is not None or (name and name not in SUBSTITUTIONS):
                raise InputError(
                    f"{path}:{number}: unknown substitution '{match[0] if name is None else name}'",
                    hint=f"known: {', '.join('${' + s + '}' for s in SUBSTITUTIONS)}; write $$ for a literal dollar",
                )


def load(path: Path, values: Mapping[str, str]) -> list[Planned]:
    """Return a scenario's objects in file order, addresses filled in.

    Raises:
        InputError: YAML that does not parse, an unknown substitution or annotation value.
    """
    check_substitutions(path)
    text = Template(read_documents(path)).substitute(values)
    try:
        documents = [d for d in yaml.load_all(text, Loader=yaml.CSafeLoader) if d]
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is not YAML: {error}") from error
    return [_planned(path, document) for document in documents]


@dataclass(frozen=True, slots=True)
class GroundOf:
    """Where the objects of a scenario lie, and what they are."""

    namespaces: frozenset[str]
    tenants: frozenset[str]
    """Those of the namespaces that are probe tenants."""
    planted: frozenset[str]
    """Namespaces that the scenario plants itself."""
    kinds: frozenset[str]


@cache
def ground_of(path: Path) -> GroundOf:
    """Return the ground of a scenario.

    Raises:
        InputError: a scenario that cannot be read.
    """
    planned = load(path, PLACEHOLDERS)
    return GroundOf(
        namespaces=frozenset(p.ref.namespace for p in planned),
        tenants=frozenset(tenants_of(planned)),
        planted=frozenset(p.ref.name for p in planned if p.use == "plant" and p.ref.kind == "Namespace"),
        kinds=frozenset(p.ref.kind for p in planned),
    )


def tenants_of(planned: Sequence[Planned]) -> list[str]:
    """Return the probe tenants that a scenario lives in.

    A namespace named `shared-*` or `<id>-*` that the scenario does not declare itself is a tenant's.
    """
    declared = {
        p.manifest["metadata"]["name"] for p in planned if p.manifest["kind"] == "Namespace" and p.use == "plant"
    }
    named = {p.ref.namespace for p in planned}
    return sorted(n for n in named if _TENANT.match(n) and n not in declared)


def is_tenants(planned: Planned) -> bool:
    """Return whether an object lies with a tenant of the suite, or is such a tenant's namespace."""
    ref = planned.ref
    return bool(_TENANT.match(ref.name if ref.kind == "Namespace" else ref.namespace))


def _planned(path: Path, document: Any) -> Planned:
    metadata = dict(document.get("metadata") or {}) if isinstance(document, Mapping) else {}
    if not metadata.get("name") or "apiVersion" not in document or "kind" not in document:
        raise InputError(f"{path}: every document needs apiVersion, kind and metadata.name")
    annotations = dict(metadata.get("annotations") or {})
    ours = {key.removeprefix(PREFIX): annotations.pop(key) for key in list(annotations) if key.startswith(PREFIX)}
    unknown = set(ours) - {"use", "as", "twin"}
    if (
        unknown
        or ours.get("use", "plant") not in ("plant", "attempt", "wanted")
        or ours.get("as", "platform") != "platform"
    ):
        raise InputError(f"{path}: {document['kind']}/{metadata['name']}: unknown annotation or value: {ours}")
    metadata["annotations"] = annotations
    if not annotations:
        del metadata["annotations"]
    return Planned({**document, "metadata": metadata}, ours.get("use", "plant"), "as" in ours, ours.get("twin", ""))
