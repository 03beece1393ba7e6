"""The client of a probe: it reads, makes its own throw-away ground, and all else that it sends is a dry-run.

Every identity of a probe sends through it. What lasts is decided here, by the request itself and not by who asks: a
check that forgets `dry_run` leaves nothing either.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar

import urllib3

from conformance.errors import Breakdown, MissingRightError
from conformance.kube import discovery
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.lacking import missing
from conformance.kube.objects import Ref, pick
from conformance.kube.target import Target, target_of
from conformance.model import Manifest

Other = TypeVar("Other", bound="ProbingClient")
AGENT = "flux-tenancy-conformance/probe"
"""User agent of the platform's own requests; those of its tenants end in the id of a check."""
LEASE_NAMESPACE, LEASE_NAME = "default", "flux-tenancy-conformance-probe"
"""Of the Lease that keeps two probes apart. Every cluster has this namespace; those of Flux and of tenants may be
guarded, and some hosted clusters let nobody write to kube-system."""
INERT: Mapping[str, str] = {
    "ConfigMap": "configmaps",
    "LimitRange": "limitranges",
    "NetworkPolicy": "networkpolicies",
    "ResourceQuota": "resourcequotas",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
}
"""Kinds, with their resources, that do nothing where nothing runs: a probe really makes them in its namespaces."""
_GROUPS = frozenset({"", "rbac.authorization.k8s.io", "networking.k8s.io"})
"""The groups of those kinds."""
_REVIEWED = "authorization.k8s.io"
_REVIEWS = f"{_REVIEWED}/v1"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_CHUNK = "500"
_SERVED_BY = ("apiregistration.k8s.io/v1", "APIService")
_ITS_OWN = frozenset({_REVIEWED, "apiregistration.k8s.io"})
"""Groups that are the API server's own whatever is registered: the second one has no APIService."""
_IMPERSONATION = '" cannot impersonate'
Rule = Mapping[str, Any]
"""A rule of a role, as RBAC writes it."""


class ProbeError(Breakdown):
    """A check, or the suite itself, tried more than a probe may; nothing was sent."""

    layer = "probe"


@dataclass(slots=True)
class Ground:
    """What may last of what a probe sends; at first, and after `close`, nothing."""

    namespaces: frozenset[str] = frozenset()
    """The throw-away ones, by their names."""
    removable: frozenset[str] = frozenset()
    """Those and the ones that an earlier probe left."""
    kept: frozenset[str] = _ITS_OWN
    """The API groups that the API server keeps itself, as far as it is known. What another server, behind an
    APIService, does with a dry-run is its own affair."""
    why_not: str = "no throw-away namespace is made yet"
    """Why nothing may last; empty: something may."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, namespaces: frozenset[str]) -> None:
        """Let the tenants' objects be made in these namespaces, and the namespaces themselves."""
        with self._lock:
            self.namespaces, self.removable, self.why_not = namespaces, self.removable | namespaces, ""

    def close(self, why: str) -> None:
        """Let nothing more be made; returns when what is being made is made."""
        with self._lock:
            self.why_not = why

    @contextlib.contextmanager
    def growing(self) -> Iterator[None]:
        """Hold the ground open while one request adds to it.

        Raises:
            ProbeError: it is closed.
        """
        with self._lock:
            if self.why_not:
                raise ProbeError(f"nothing is made any more: {self.why_not}")
            yield


class ProbingClient(KubeClient):
    """A `KubeClient` that lets nothing last but what the ground allows.

    What the platform's own credentials may not do is a missing right, and no answer; that of tenants is the answer.
    """

    def __init__(self, *args: Any, ground: Ground | None = None) -> None:
        super().__init__(*args)
        self.ground = ground or Ground()

    def with_token(self, token: str, *, user_agent: str) -> "ProbingClient":
        """Return a client of the same ground that has this bearer token and nothing else."""
        headers = {"User-Agent": user_agent, "Authorization": f"Bearer {token}"}
        return self._alike(ProbingClient, self._without_identity(), headers)

    def impersonating(self, user: str, *, group: str = "") -> "ProbingClient":
        """Return a client whose requests are judged as another user's.

        Raises:
            ProbeError: a group was named, which may be an admin's.
        """
        if group:
            _refuse(f"a request as {user} of {group}")
        return self._alike(ProbingClient, self._api, {**self._headers, "Impersonate-User": user})

    def maker(self) -> "MakingClient":
        """Return the client that makes and removes the ground, and holds the Lease; no check has it."""
        return self._alike(MakingClient, self._api, self._headers)

    def may(self, verb: str, group: str, resource: str, *, namespace: str = "", name: str = "") -> bool:
        """Return whether the API server would let this identity do something (SelfSubjectAccessReview).

        `resource` may have a subresource behind a slash.
        """
        kind, _, part = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": kind, "subresource": part}
        attributes = {**asked, "namespace": namespace, "name": name}
        body = {"apiVersion": _REVIEWS, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        return bool(self._json("POST", f"/apis/{_REVIEWS}/selfsubjectaccessreviews", body=body)["status"]["allowed"])

    def rules(self, namespace: str) -> Sequence[Rule]:
        """Return every rule on resources that holds for this identity in a namespace (SelfSubjectRulesReview)."""
        body = {"apiVersion": _REVIEWS, "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
        status = self._json("POST", f"/apis/{_REVIEWS}/selfsubjectrulesreviews", body=body)["status"]
        return status.get("resourceRules") or []

    def _alike(self, kind: type[Other], api: Any, headers: Mapping[str, str]) -> Other:
        other = kind(api, headers, self._timeout_s, ground=self.ground)
        other._kinds = self._kinds  # noqa: SLF001 - of the same class
        return other

    def _send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, **kwargs: Any
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._guarded(method, path, query=query, body=body, **kwargs)
        except ApiError as error:
            if lacked := self._lacked(error, method, path, query):
                raise lacked from error
            raise

    def _lacked(
        self, error: ApiError, method: str, path: str, query: Mapping[str, str] | None
    ) -> MissingRightError | None:
        """Return the right that the platform's credentials lack; of a tenant a refusal is what was asked for."""
        if "Authorization" in self._headers:
            return None
        if user := self._headers.get("Impersonate-User"):
            said = MissingRightError(f"impersonate users {user}", error.message)
            return said if _IMPERSONATION in error.message else None
        return missing(error, method, path, query)

    def _guarded(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, **kwargs: Any
    ) -> urllib3.BaseHTTPResponse:
        target = _named(target_of(path), body)
        if target.leads_on:
            _refuse(f"{method} {path}")
        if method == "GET":
            if target.resource == "secrets" and target.namespace not in self.ground.namespaces and not _bare(kwargs):
                _refuse(f"{method} {path}")
            return super()._send(method, path, query=query, body=body, **kwargs)
        if "dryRun" not in (query or {}) and self._lasts(method, target, str(kwargs.get("content", ""))):
            # What goes, and the Lease under which it does, has no need of open ground.
            free = method == "DELETE" or target.resource == "leases"
            with contextlib.nullcontext() if free else self.ground.growing():
                return super()._send(method, path, query=query, body=body, **kwargs)
        if target.subresource == "token" or target.group not in self.ground.kept:
            _refuse(f"{method} {path}")
        return super()._send(method, path, query={**(query or {}), "dryRun": "All"}, body=body, **kwargs)

    def _lasts(self, method: str, target: Target, content: str) -> bool:
        """Return whether a request is really made: what a scenario plants, and tokens of the ground's own accounts.

        Planting is a server-side apply; checks have no word for it.
        """
        if target.subresource == "token":
            return target.namespace in self.ground.namespaces and target.resource == "serviceaccounts"
        return method == "PATCH" and content == "apply" and self._is_ground(target)

    def _is_ground(self, target: Target) -> bool:
        if target.subresource:
            return False
        if (target.group, target.resource, target.namespace) == ("", "namespaces", ""):
            return target.name in self.ground.namespaces
        inert = target.group in _GROUPS and target.resource in INERT.values()
        return inert and target.namespace in self.ground.namespaces


class MakingClient(ProbingClient):
    """The platform admin of a probe, beside its checks."""

    def _lacked(self, *_: Any) -> None:
        """Say nothing: its rights were asked for before, and what it may not list an inventory names."""

    def learn_servers(self) -> None:
        """Learn which API groups the API server keeps itself; until then every other is held back.

        Raises:
            ApiError: the APIServices may not be listed.
        """
        self.ground.kept = _kept(self.objects(*_SERVED_BY)) | _ITS_OWN

    def delete_unchanged(self, found: Manifest) -> None:
        """Delete an object as it was read.

        Raises:
            ApiError: 409 where it is another by now, or somebody has written it since; 404 where it is gone.
        """
        known = {key: found["metadata"][key] for key in ("uid", "resourceVersion")}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": known}
        self._json("DELETE", self._path(Ref.of(found)), body=body)

    def kinds(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Return API version and kind of all that the API server itself can list, as `listable` does.

        The second list names the API versions that are not looked into: other servers', and what does not answer.
        """
        groups = self._json("GET", "/apis")["groups"]
        silent = [one["preferredVersion"]["groupVersion"] for one in groups if one["name"] not in self.ground.kept]
        found: dict[tuple[str, str], str] = {}
        for group, version, path in discovery.versions(one for one in groups if one["name"] in self.ground.kept):
            try:
                for kind in discovery.listed_kinds(self._json("GET", path)):
                    found.setdefault((group, kind), version)
            except Breakdown:
                silent.append(version)
        return [(version, kind) for (_, kind), version in found.items()], silent

    def metadata(self, api_version: str, kind: str) -> Iterator[Manifest]:
        """Yield `metadata` of every object of a kind, of all namespaces; nothing else of it is sent."""
        path, following = self._collection(api_version, kind, ""), ""
        while True:
            query = {"limit": _CHUNK, "continue": following}
            document = self._json("GET", path, query=query, accept=_METADATA)
            yield from (item["metadata"] for item in document["items"] or [])  # null where there is none
            following = document["metadata"].get("continue", "")
            if not following:
                return

    def _lasts(self, method: str, target: Target, content: str) -> bool:
        lease = Target("coordination.k8s.io", "leases", LEASE_NAMESPACE, LEASE_NAME)
        if target == lease:
            return True
        if target == Target("", "namespaces", "", target.name):
            return target.name in (self.ground.removable if method == "DELETE" else self.ground.namespaces)
        return super()._lasts(method, target, content)


def _named(target: Target, body: Any) -> Target:
    """Return a target with the name of what is to be created, which the path leaves out."""
    name = pick(body, "metadata", "name")
    return target if target.name or not name else replace(target, name=str(name))


def _bare(kwargs: Mapping[str, Any]) -> bool:
    """Return whether metadata alone is asked for."""
    return kwargs.get("accept") == _METADATA


def _kept(services: Sequence[Manifest]) -> frozenset[str]:
    """Return the groups of which no version is served by another server."""
    specs = [one["spec"] for one in services]
    return frozenset(spec.get("group", "") for spec in specs) - {
        spec.get("group", "") for spec in specs if spec.get("service")
    }


def _refuse(what: str) -> NoReturn:
    raise ProbeError(
        f"a probe makes nothing outside of its own namespaces, and reads nobody's Secrets; held back: {what}",
        hint="the check must ask for the capability 'submissions' by needs=",
    )
