"""A right that the credentials of an audit or a probe lack: told by its name, and never taken for an answer."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from conformance.errors import MissingRightError
from conformance.kube.answers import ApiError
from conformance.kube.target import target_of

_VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
_OF_AUTHORIZATION = re.compile(r'User "[^"]*" cannot (?:\w+) (?:resource|path) "')
"""The API server's own words (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go), not admission's."""


def right(verb: str, group: str, resource: str, *, namespace: str = "", name: str = "") -> str:
    """Return a right in words, such as `list leases.coordination.k8s.io in default`."""
    named = f"{resource}.{group}" if group else resource
    return f"{verb} {named}{f' {name}' if name else ''}{f' in {namespace}' if namespace else ''}"


def missing(
    error: ApiError, method: str, path: str, query: Mapping[str, str] | None = None
) -> MissingRightError | None:
    """Return the right for want of which a request was refused; None where it was refused for something else.

    A read is refused by authorization alone. What writes may be refused by admission too, in other words.
    """
    if error.status != HTTPStatus.FORBIDDEN or not (method == "GET" or _OF_AUTHORIZATION.search(error.message)):
        return None
    target = target_of(path)
    if not target.resource:
        return MissingRightError(f"get {path}", error.message)
    verb = _VERBS.get(method, method.lower())
    if method == "GET" and not target.name:
        verb = "watch" if (query or {}).get("watch") else "list"
    resource = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
    return MissingRightError(right(verb, target.group, resource, namespace=target.namespace), error.message)
