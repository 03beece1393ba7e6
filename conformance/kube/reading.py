"""A client that reads and does nothing else: whatever would change a cluster, or act as somebody else, is an error."""

from typing import Any, NoReturn

import urllib3

from conformance.errors import Breakdown
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.lacking import missing

AGENT = "flux-tenancy-conformance/audit"
"""User agent of every request of an audit, by which the cluster's own audit log shows them."""
_READ = "GET"
_NAMESPACED = 2
"""Parts of a path before the resource of a namespaced object: `namespaces` and the name."""
_SECRETS = "secrets"
_INTO_PODS = frozenset({"exec", "attach", "portforward", "proxy", "log"})
"""Subresources that a GET reaches, and that are more than a look at an object."""


class AuditError(Breakdown):
    """A check, or the suite itself, tried more than an audit may; nothing was sent."""

    layer = "audit"


class ReadingClient(KubeClient):
    """A `KubeClient` whose every request is a get, a list or a watch; one that lacks a right says so."""

    def with_token(self, token: str, *, user_agent: str) -> NoReturn:  # noqa: ARG002
        """Refuse: it would be another identity."""
        raise _refused("a request with another token")

    def impersonating(self, user: str, *, group: str = "") -> NoReturn:  # noqa: ARG002
        """Refuse: it would be another identity."""
        raise _refused(f"a request as {user}")

    def _send(self, method: str, path: str, **kwargs: Any) -> urllib3.BaseHTTPResponse:
        if method != _READ or kwargs.get("body") is not None or not _harmless(path):
            raise _refused(f"{method} {path}")
        try:
            return super()._send(method, path, **kwargs)
        except ApiError as error:
            if lacked := missing(error, method, path, kwargs.get("query")):
                raise lacked from error
            raise


def _harmless(path: str) -> bool:
    """Return whether a path is neither that of Secrets nor one that leads into a Pod."""
    _, api, *rest = path.split("/")
    parts = rest[1:] if api == "api" else rest[2:]  # after the version
    if parts[:1] == ["namespaces"] and len(parts) > _NAMESPACED:
        parts = parts[_NAMESPACED:]
    return parts[:1] != [_SECRETS] and not _INTO_PODS & set(parts[2:])


def _refused(what: str) -> AuditError:
    return AuditError(
        f"an audit changes nothing, reads no Secret, and is nobody else; held back: {what}",
        hint="the check must ask for the capability 'submissions' by needs=",
    )
