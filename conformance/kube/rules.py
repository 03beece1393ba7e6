"""What a rule of a role allows and whom a binding names, as Kubernetes' RBAC takes it: wildcards are no literal names.

Source: kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go and pkg/registry/rbac/validation/rule.go. RBAC knows `*` and
`*/token` for resources; `pods/*` is the name of nothing there.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from conformance.model import Manifest

Rule = Mapping[str, Any]
ALL = "*"


def rule_allows(rule: Rule, verb: str, group: str, resource: str, *, name: str | None = "") -> bool:
    """Return whether a rule allows a request.

    Args:
        group: API group; empty is the core one.
        resource: plural, with a subresource behind a slash: `serviceaccounts/token`.
        name: of the object; empty: the request names none, as a list does; None: of whichever object.
    """
    named = rule.get("resourceNames") or ()
    return (
        _has(rule, "verbs", verb)
        and _has(rule, "apiGroups", group)
        and _is_about(rule.get("resources") or (), resource)
        and (not named or name is None or name in named)
    )


def subjects_of(binding: Manifest) -> list[Mapping[str, str]]:
    """Return the subjects of a binding; an account without a namespace is one of the RoleBinding's own."""
    own = binding["metadata"].get("namespace", "")
    return [
        {**one, "namespace": one.get("namespace") or own} if one["kind"] == "ServiceAccount" else one
        for one in binding.get("subjects") or ()
    ]


def _has(rule: Rule, field: str, wanted: str) -> bool:
    said: Collection[str] = rule.get(field) or ()
    return ALL in said or wanted in said


def _is_about(said: Sequence[str], resource: str) -> bool:
    _, slash, part = resource.partition("/")
    return ALL in said or resource in said or (bool(slash) and f"*/{part}" in said)
