"""Answers of the API server: what an error status says, and bodies that come line by line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import urllib3

from conformance.errors import KubeError
from conformance.model import Manifest

PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
"""Content types of requests, by our names of them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the server addresses a kind."""

    plural: str
    namespaced: bool


def kinds_of(discovery: Manifest) -> dict[str, Kind]:
    """Return the kinds of a discovery document, of one group and version."""
    entries = [entry for entry in discovery["resources"] if "/" not in entry["name"]]
    return {entry["kind"]: Kind(entry["name"], entry["namespaced"]) for entry in entries}


class ApiError(KubeError):
    """An answer of the API server with an error status."""

    def __init__(self, status: int, reason: str, message: str, request: str, audit_id: str = "") -> None:
        super().__init__(f"{request}: {status} {reason}: {message}")
        self.audit_id = audit_id
        """Names the request's line in the API server's audit log."""
        self.status = status
        self.reason = reason
        self.message = message


def lines_of(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the lines of a body that is still being sent, without empty ones."""
    pending = b""
    for chunk in response.stream(amt=None):
        *complete, pending = (pending + chunk).split(b"\n")
        yield from (line for line in complete if line)


def api_error(response: urllib3.BaseHTTPResponse, request: str) -> ApiError:
    """Return what an answer with an error status says."""
    raw = response.read()
    try:
        status = json.loads(raw)
    except ValueError:
        status = {"message": raw.decode(errors="replace")[:500]}
    audit_id = response.headers.get("Audit-Id", "")
    return ApiError(response.status, status.get("reason", ""), status.get("message", ""), request, audit_id)
