"""What a release's manifests give in rights: rules, what they add to Kubernetes' own roles, and bindings. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.model import Manifest
from conformance.surface.model import Kind

AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_REACHES: Mapping[str, Sequence[str]] = {"view": ("view", "edit", "admin"), "edit": ("edit", "admin")}
"""Kubernetes' own roles include each other: what view gains, edit and admin have too."""
ROLES = ("ClusterRole", "Role")
BINDINGS = ("ClusterRoleBinding", "RoleBinding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One line of a role or binding, by the name that it has in every release."""

    kind: Kind
    name: str
    detail: Mapping[str, str]


def full_name(manifest: Manifest) -> str:
    """Return `kind/name`, or `kind/namespace/name` where the manifest says a namespace.

    The kind belongs to it: a RoleBinding that becomes a ClusterRoleBinding of the same name is another right.
    """
    metadata = manifest["metadata"]
    return "/".join([manifest["kind"], *(metadata[key] for key in ("namespace", "name") if metadata.get(key))])


def rules(role: Manifest) -> Iterator[Right]:
    """Return the rules of a role: one for each resource, with all verbs that it has there."""
    name = full_name(role)
    for target, verbs in _verbs([role]).items():
        yield Right(kind=Kind.RULE, name=f"{name} {target} [{','.join(sorted(verbs))}]", detail={})
    for selector in role.get("aggregationRule", {}).get("clusterRoleSelectors", ()):
        # What it gains is decided by labels that others set: an entry, so that somebody looks at it.
        yield Right(kind=Kind.RULE, name=f"{name} aggregates {json.dumps(selector, sort_keys=True)}", detail={})


def grants(roles: Sequence[Manifest]) -> Iterator[Right]:
    """Return what each role gains by aggregation from the roles of a release."""
    gaining: dict[str, list[Manifest]] = {}
    for role in roles:
        labels = role["metadata"].get("labels", {})
        aims = [key.removeprefix(AGGREGATE) for key, on in labels.items() if key.startswith(AGGREGATE) and on == "true"]
        for reached in dict.fromkeys(one for aim in aims for one in _REACHES.get(aim, (aim,))):
            gaining.setdefault(reached, []).append(role)
    for reached, givers in gaining.items():
        through = ", ".join(sorted(role["metadata"]["name"] for role in givers))
        for target, verbs in _verbs(givers).items():
            said = f"{reached} {target} [{','.join(sorted(verbs))}]"
            yield Right(kind=Kind.GRANT, name=said, detail={"through": through})


def bindings(binding: Manifest) -> Iterator[Right]:
    """Return who a binding gives a role to: one for each subject."""
    name, role = full_name(binding), binding["roleRef"]
    for subject in binding.get("subjects", ()):
        who = "/".join(subject[key] for key in ("namespace", "name") if key in subject)
        said = f"{name} {role['kind']}/{role['name']} to {subject['kind']} {who}"
        yield Right(kind=Kind.BINDING, name=said, detail={})


def _verbs(roles: Sequence[Manifest]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for role in roles:
        for rule in role.get("rules") or ():
            for target in _targets(rule):
                found.setdefault(target, set()).update(rule["verbs"])
    return found


def _targets(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from rule.get("nonResourceURLs", ())
    named = f" named {','.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""
    for group in rule.get("apiGroups", ()):
        for resource in rule.get("resources", ()):
            yield f"{group or 'core'}/{resource}{named}"
