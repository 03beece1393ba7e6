"""The kinds of attack of `kinds.yaml`, filled in for one platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref, replaced
from conformance.model import Manifest

FILE = Path(__file__).with_name("kinds.yaml")
ATTACKER, VICTIM = "shared-a", "shared-b"
TENANTS = (ATTACKER, VICTIM)
"""The probe tenants that attacks need."""
PREFIX = "upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of attack, for one platform."""

    name: str
    statement: str
    by: str
    attack: Manifest
    """With ${name} in it."""
    twin: Mapping[str, Any]
    """Dotted path -> value by which the allowed object differs."""
    reason: str
    """Of the condition that denies it; empty: the API server's answer does."""
    status: int
    says: Sequence[str]
    loot: Manifest

    @property
    def answered(self) -> bool:
        """Whether the API server's answer is the judgement; otherwise a controller's condition is."""
        return not self.reason

    def manifest(self, name: str) -> Manifest:
        """Return the attack of this name."""
        filled: Manifest = _filled(self.attack, {"name": name})
        return filled

    def allowed(self, name: str) -> Manifest:
        """Return the twin of this name."""
        made: Manifest = self.manifest(name)
        for path, value in self.twin.items():
            made = replaced(made, path.split("."), value)
        return made

    def submitter(self, manifest: Manifest) -> str:
        """Return the tenant whose token submits an object."""
        return self.by or str(manifest["metadata"]["namespace"])

    def trace(self, name: str) -> Ref:
        """Return what the attack of this name would leave behind."""
        return Ref.of(_filled(self.loot, {"name": name}))


@dataclass(frozen=True, slots=True)
class Arsenal:
    """What `kinds.yaml` says."""

    setup: Sequence[Manifest]
    kinds: Sequence[Kind]


def arsenal(platform: Platform) -> Arsenal:
    """Return every kind of attack, with this platform's addresses, names and policies."""
    policies = platform.fleet.profile.policies
    values = {
        "git_url": platform.git_url,
        "evil_git_url": platform.evil_git_url,
        "attacker": platform.tenant_user(ATTACKER),
        "sources": f"ValidatingAdmissionPolicy '{policies.sources}'",
        "kubeconfig": f"ValidatingAdmissionPolicy '{policies.kubeconfig}'",
    }
    return read(values)


def read(values: Mapping[str, str]) -> Arsenal:
    """Return what the file says, with `${…}` filled in; ${name} stays, for each attack has its own."""
    document = _filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), values)
    return Arsenal(document["setup"], [_kind(entry) for entry in document["kinds"]])


def _kind(entry: Mapping[str, Any]) -> Kind:
    denied = entry["denied"]
    return Kind(
        name=entry["name"],
        statement=entry["statement"],
        by=entry.get("by", ""),
        attack=entry["attack"],
        twin=entry["twin"],
        reason=denied.get("reason", ""),
        status=denied.get("status", 0),
        says=tuple(denied["says"]),
        loot=entry.get("loot", entry["attack"]),
    )


def _filled(source: Any, values: Mapping[str, str]) -> Any:
    if isinstance(source, Mapping):
        return {key: _filled(value, values) for key, value in source.items()}
    if isinstance(source, list):
        return [_filled(value, values) for value in source]
    return Template(source).safe_substitute(values) if isinstance(source, str) else source
