"""A cluster in memory, as a probe sees it: it knows namespaces, dry-runs, resource versions, and what is forbidden."""

import copy
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from conformance.kube.client import ApiError
from conformance.kube.objects import Ref
from conformance.kube.probing import Ground, ProbingClient
from conformance.model import Manifest


class FakeCluster(ProbingClient):
    """Stands in for the client; what it is told to make lasts."""

    def __init__(self) -> None:
        self.ground = Ground()
        self.there: dict[Ref, dict[str, Any]] = {}
        self.forbidden: set[tuple[str, Ref]] = set()
        self.denied: set[tuple[str, ...]] = set()
        """Rights that are not given: verb, group, resource, name."""
        self.said: list[str] = []
        self.heeded: Callable[[], bool] = lambda: True
        """Whether the rules of the roles that are there hold, when it is asked next."""
        self.numbers = itertools.count(1)
        self.now = datetime.now(UTC)
        self.silent: list[str] = []
        self.unlistable: set[str] = set()

    def maker(self) -> Any:
        return self

    def with_token(self, token: str, *, user_agent: str) -> Any:
        self.said.append(f"with {token}")
        return self

    def token(self, namespace: str, service_account: str, *, seconds: int = 0) -> str:
        return f"{namespace}/{service_account}"

    def may(self, verb: str, group: str, resource: str, *, namespace: str = "", name: str = "") -> bool:
        return not {(verb, group, resource), (verb, group, resource, namespace or name)} & self.denied

    def rules(self, namespace: str) -> Any:
        self.said.append(f"rules in {namespace}")
        if not self.heeded():
            return []
        return [rule for ref, one in self.there.items() if ref.kind in ("ClusterRole", "Role") for rule in one["rules"]]

    def learn_servers(self) -> None:
        self.said.append("learn servers")

    def find(self, ref: Ref) -> Manifest | None:
        return copy.deepcopy(self.there.get(ref))

    def get(self, ref: Ref) -> Manifest:
        if ref not in self.there:
            raise _error(HTTPStatus.NOT_FOUND, f"{ref} is not there")
        return copy.deepcopy(self.there[ref])

    def objects(self, api_version: str, kind: str, **asked: str) -> list[Manifest]:
        return self.objects_at(api_version, kind, **asked)[0]

    def objects_at(
        self, api_version: str, kind: str, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> tuple[list[Manifest], str]:
        found = [
            copy.deepcopy(one)
            for ref, one in self.there.items()
            if (ref.api_version, ref.kind) == (api_version, kind)
            and namespace in ("", ref.namespace)
            and fields in ("", f"metadata.name={ref.name}")
            and _fits(one["metadata"].get("labels", {}), labels)
        ]
        return found, "1"

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        ref = Ref.of(manifest)
        self._ask("create", ref)
        if ref in self.there:
            raise _error(HTTPStatus.CONFLICT, f"{ref} is there")
        return self._stored(ref, manifest, dry_run=dry_run)

    def apply(self, manifest: Manifest, *, dry_run: bool = False, manager: str = "") -> Manifest:
        self._ask("apply", Ref.of(manifest))
        return self._stored(Ref.of(manifest), manifest, dry_run=dry_run)

    def patch(self, ref: Ref, body: Any, *, dry_run: bool = False, subresource: str = "") -> Manifest:
        self._ask("patch", ref)
        found = dict(self.get(ref))
        version = body.get("metadata", {}).get("resourceVersion")
        if version not in (None, found["metadata"]["resourceVersion"]):
            raise _error(HTTPStatus.CONFLICT, f"{ref} has changed")
        merged = {**found, "spec": {**found.get("spec", {}), **body.get("spec", {})}}
        return self._stored(ref, merged, dry_run=dry_run)

    def delete(self, ref: Ref, *, dry_run: bool = False) -> None:
        self._ask("delete", ref)
        self.get(ref)
        if dry_run:
            return
        del self.there[ref]
        if ref.kind == "Namespace":
            for inside in [one for one in self.there if one.namespace == ref.name]:
                del self.there[inside]

    def delete_unchanged(self, found: Manifest) -> None:
        ref = Ref.of(found)
        self._ask("delete", ref)
        there = self.get(ref)["metadata"]
        if any(there[key] != found["metadata"][key] for key in ("uid", "resourceVersion")):
            raise _error(HTTPStatus.CONFLICT, f"{ref} has changed")
        self.delete(ref)

    def watch(self, *_: Any, **__: Any) -> Iterator[tuple[str, Manifest]]:
        return iter(())

    def kinds(self) -> tuple[list[tuple[str, str]], list[str]]:
        return sorted({(ref.api_version, ref.kind) for ref in self.there} | {("v1", "Event")}), list(self.silent)

    def metadata(self, api_version: str, kind: str) -> Iterator[Manifest]:
        if kind in self.unlistable:
            raise _error(HTTPStatus.FORBIDDEN, f"cannot list {kind}")
        yield from (one["metadata"] for one in self.objects(api_version, kind))

    def add(self, api_version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> Ref:
        """Lay an object that somebody else made."""
        ref = Ref(api_version, kind, name, namespace)
        metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
        self._stored(ref, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}, dry_run=False)
        return ref

    def _stored(self, ref: Ref, manifest: Manifest, *, dry_run: bool) -> Manifest:
        number = str(next(self.numbers))
        known = {"uid": f"uid-{number}", "creationTimestamp": self.now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        metadata = {
            **known,
            **self.there.get(ref, {}).get("metadata", {}),
            **manifest["metadata"],
            "resourceVersion": number,
        }
        made = {**copy.deepcopy(dict(manifest)), "metadata": metadata}
        if not dry_run:
            self.there[ref] = made
            if ref.kind == "Namespace":
                self.add("v1", "ServiceAccount", "default", ref.name)
            if ref.kind == "ResourceQuota":
                made["status"] = {"used": {}}
        return copy.deepcopy(made)

    def _ask(self, verb: str, ref: Ref) -> None:
        self.said.append(f"{verb} {ref}")
        if (verb, ref) in self.forbidden:
            raise _error(HTTPStatus.FORBIDDEN, f"{ref} is guarded")


def _fits(labels: Manifest, asked: str) -> bool:
    key, equals, value = asked.partition("=")
    return not key or (key in labels and (not equals or labels[key] == value))


def _error(status: HTTPStatus, message: str) -> ApiError:
    return ApiError(status, status.phrase, message, "request")
