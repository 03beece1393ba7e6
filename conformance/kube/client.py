"""A typed face on the Kubernetes API; the only module that imports `kubernetes`.

It speaks plain manifests. A kind's path comes from the discovery document of its group and version, read once
when first needed: the dynamic client's own discovery caches in a shared temporary file keyed by host, and would
read yesterday's CRDs from another cluster on the same port.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from conformance.errors import KubeError
from conformance.kube import discovery
from conformance.kube.answers import PATCH_TYPES, Kind, api_error, kinds_of, lines_of
from conformance.kube.answers import ApiError as ApiError  # noqa: PLC0414 - what calls raise, kept apart for its length
from conformance.kube.objects import Ref
from conformance.kube.retries import RETRIES
from conformance.model import Manifest

FIELD_MANAGER = "flux-tenancy-conformance"
POOL_SIZE = 512
"""Connections kept open: every waiting check holds a watch."""


class KubeClient:
    """One identity at one API server. Safe to use from several threads."""

    def __init__(self, api: kubernetes_client.ApiClient, headers: Mapping[str, str], timeout_s: float) -> None:
        self._api = api
        self._headers = dict(headers)
        self._timeout_s = timeout_s
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        self._anonymous: kubernetes_client.ApiClient | None = None

    @classmethod
    def from_kubeconfig(
        cls, path: Path | str, *, timeout_s: float, user_agent: str = FIELD_MANAGER, context: str | None = None
    ) -> Self:
        """Log in with a kubeconfig file, or several as in KUBECONFIG; they are never written to.

        Raises:
            KubeError: it is none, or what it names is not there.
        """
        configuration = kubernetes_client.Configuration()
        try:
            kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
                str(path), context, client_configuration=configuration, persist_config=False
            )
        except kubernetes_config.ConfigException as error:
            raise KubeError(f"kubeconfig '{path}': {error}") from error
        configuration.connection_pool_maxsize = POOL_SIZE
        return cls(kubernetes_client.ApiClient(configuration), {"User-Agent": user_agent}, timeout_s)

    def with_token(self, token: str, *, user_agent: str) -> "KubeClient":
        """Return a client of the same server that has this bearer token and nothing else.

        All of them share connections, which carry no identity; `close` of this client closes those too.
        """
        headers = {"User-Agent": user_agent, "Authorization": f"Bearer {token}"}
        other = KubeClient(self._without_identity(), headers, self._timeout_s)
        other._kinds = self._kinds
        return other

    def _without_identity(self) -> kubernetes_client.ApiClient:
        with self._lock:
            if self._anonymous is None:
                configuration = kubernetes_client.Configuration()
                configuration.host, configuration.ssl_ca_cert = self.host, str(self.ca_file)
                configuration.connection_pool_maxsize = POOL_SIZE
                self._anonymous = kubernetes_client.ApiClient(configuration)
            return self._anonymous

    def impersonating(self, user: str, *, group: str = "") -> "KubeClient":
        """Return a client that asks for its requests to be judged as another user's.

        Without a group the server adds a service account's own; naming one switches that off.
        """
        headers = {**self._headers, "Impersonate-User": user}
        other = KubeClient(self._api, headers | ({"Impersonate-Group": group} if group else {}), self._timeout_s)
        other._kinds = self._kinds
        return other

    @property
    def host(self) -> str:
        """The server's address."""
        return str(self._api.configuration.host)

    @property
    def ca_file(self) -> Path:
        """The file with the server's certificate authority."""
        return Path(self._api.configuration.ssl_ca_cert)

    def version(self) -> str:
        """Return the server's git version, such as v1.36.3."""
        return str(self._json("GET", "/version")["gitVersion"])

    def resource(self, ref: Ref) -> tuple[str, str]:
        """Return the API group and the plural name of an object's kind, as audit entries name them.

        Raises:
            ApiError: 404 when the server has no such kind.
        """
        group, slash, _ = ref.api_version.partition("/")
        prefix = f"/apis/{ref.api_version}" if slash else f"/api/{ref.api_version}"
        return group if slash else "", self._kind(prefix, ref.kind).plural

    def groups(self) -> frozenset[str]:
        """Return the names of the API groups, without the core one."""
        return frozenset(group["name"] for group in self._json("GET", "/apis")["groups"])

    def listable(self) -> list[tuple[str, str]]:
        """Return API version and kind of all that can be listed, each in the version that its group prefers."""
        found: dict[tuple[str, str], str] = {}
        for group, version, path in discovery.versions(self._json("GET", "/apis")["groups"]):
            for kind in discovery.listed_kinds(self._json("GET", path)):
                found.setdefault((group, kind), version)
        return [(version, kind) for (_, kind), version in found.items()]

    def find(self, ref: Ref) -> Manifest | None:
        """Return an object, or None when it (or its kind) is not there."""
        try:
            return self.get(ref)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def get(self, ref: Ref) -> Manifest:
        """Return an object.

        Raises:
            ApiError: not found, forbidden, …
        """
        return self._json("GET", self._path(ref))

    def objects(
        self, api_version: str, kind: str, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[Manifest]:
        """Return all objects of a kind, of one namespace or of all."""
        return self.objects_at(api_version, kind, namespace=namespace, labels=labels, fields=fields)[0]

    def objects_at(
        self, api_version: str, kind: str, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> tuple[list[Manifest], str]:
        """Return all objects of a kind, and the resource version that a watch can go on from."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        document = self._json("GET", self._collection(api_version, kind, namespace), query=query)
        # A list leaves out what every item has in common.
        items: list[Manifest] = [{"apiVersion": api_version, "kind": kind, **item} for item in document["items"]]
        return items, str(document["metadata"].get("resourceVersion", ""))

    def apply(self, manifest: Manifest, *, dry_run: bool = False, manager: str = FIELD_MANAGER) -> Manifest:
        """Server-side apply, taking over conflicting fields."""
        query = {"fieldManager": manager, "force": "true", **_dry(dry_run)}
        return self._json("PATCH", self._path(Ref.of(manifest)), query=query, body=manifest, content="apply")

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object; strict about unknown fields, as kubectl is."""
        ref = Ref.of(manifest)
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **_dry(dry_run)}
        collection = self._collection(ref.api_version, ref.kind, ref.namespace)
        return self._json("POST", collection, query=query, body=manifest)

    def patch(
        self,
        ref: Ref,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Manifest:
        """Patch an object, or a subresource such as `status`: a list is a JSON patch, a mapping a merge patch."""
        content = "merge" if isinstance(body, Mapping) else "json"
        query = {"fieldManager": FIELD_MANAGER, **_dry(dry_run)}
        path = f"{self._path(ref)}/{subresource}" if subresource else self._path(ref)
        return self._json("PATCH", path, query=query, body=body, content=content)

    def delete(self, ref: Ref, *, dry_run: bool = False) -> None:
        """Delete an object in the background.

        Raises:
            ApiError: not found, forbidden, …
        """
        query = {"propagationPolicy": "Background", **_dry(dry_run)}
        self._json("DELETE", self._path(ref), query=query)

    def delete_if_exists(self, ref: Ref) -> None:
        """Delete an object if it is there."""
        try:
            self.delete(ref)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def patch_if_exists(self, ref: Ref, body: Mapping[str, Any]) -> None:
        """Patch an object if it is there."""
        try:
            self.patch(ref, body)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def token(self, namespace: str, service_account: str, *, seconds: int = 24 * 3600) -> str:
        """Return a token of a service account (TokenRequest API), valid for `seconds`."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        path = f"/api/v1/namespaces/{quote(namespace)}/serviceaccounts/{quote(service_account)}/token"
        return str(self._json("POST", path, body=body)["status"]["token"])

    def watch(
        self, api_version: str, kind: str, *, namespace: str = "", name: str = "", since: str = "", seconds: int = 30
    ) -> Iterator[tuple[str, Manifest]]:
        """Yield (event type, object) until the server ends the watch after `seconds`.

        Raises:
            ApiError: 410 when `since` is too old; the caller lists again.
        """
        query = {
            "watch": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(seconds),
            "fieldSelector": f"metadata.name={name}" if name else "",
        }
        path = self._collection(api_version, kind, namespace)
        response = self._send("GET", path, query=query, read_timeout_s=seconds + self._timeout_s)
        try:
            for line in lines_of(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(status.get("code", 500), status.get("reason", ""), status.get("message", ""), path)
                yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise KubeError(f"the watch of {kind} broke: {error}") from error
        finally:
            response.close()

    def pod_log(self, namespace: str, pod: str, *, follow_s: float = 0.0, since: str = "") -> Iterator[str]:
        """Yield the lines of a Pod's log, each with the time that the kubelet wrote before it, of its first container.

        Args:
            follow_s: 0 ends with the last line of now; otherwise lines are awaited, until the Pod ends or nothing came
                for so long.
            since: RFC 3339; earlier lines are left out, to the second.

        Raises:
            ApiError: no such Pod, or its container does not run yet.
            KubeError: the answer broke off.
        """
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        query = {"timestamps": "true", "sinceTime": since, "follow": "true" if follow_s else ""}
        response = self._send("GET", path, query=query, read_timeout_s=follow_s or None)
        try:
            for line in lines_of(response):
                yield line.decode(errors="replace")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise KubeError(f"the log of {namespace}/{pod} broke off: {error}") from error
        finally:
            response.close()

    def close(self) -> None:
        """Close all connections."""
        for api in (self._api, self._anonymous):
            if api is not None:
                api.rest_client.pool_manager.clear()

    def _path(self, ref: Ref) -> str:
        return f"{self._collection(ref.api_version, ref.kind, ref.namespace)}/{quote(ref.name)}"

    def _collection(self, api_version: str, kind: str, namespace: str) -> str:
        prefix = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        name, _, subresource = kind.partition("/")
        if subresource:
            raise KubeError(f"'{kind}': name the subresource in the path, not in the kind")
        known = self._kind(prefix, name)
        scope = f"/namespaces/{quote(namespace)}" if namespace and known.namespaced else ""
        return f"{prefix}{scope}/{known.plural}"

    def _kind(self, prefix: str, kind: str) -> Kind:
        with self._lock:
            known = self._kinds.get(prefix, {})
            if kind not in known:
                known = self._kinds[prefix] = kinds_of(self._json("GET", prefix))
            if kind not in known:
                raise ApiError(
                    HTTPStatus.NOT_FOUND, "NotFound", f"the server has no kind '{kind}' in {prefix}", "discovery"
                )
            return known[kind]

    def _json(self, method: str, path: str, **kwargs: Any) -> Manifest:
        response = self._send(method, path, **kwargs)
        try:
            return cast("Manifest", json.loads(response.read()))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise KubeError(f"{method} {path}: the answer broke off: {error}") from error

    def _login(self) -> dict[str, str]:
        """Return the header of a kubeconfig's token, anew where it has expired; certificates need none."""
        token = self._api.configuration.get_api_key_with_prefix("BearerToken")
        return {"Authorization": token} if token else {}

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "",
        read_timeout_s: float | None = None,
        accept: str = "application/json",
    ) -> urllib3.BaseHTTPResponse:
        parameters = urlencode({key: value for key, value in (query or {}).items() if value})
        url = f"{self.host}{path}" + (f"?{parameters}" if parameters else "")
        content_type = PATCH_TYPES.get(content, "application/json")
        headers = {**self._headers, **self._login(), "Accept": accept, "Content-Type": content_type}
        try:
            response = self._api.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers=headers,
                timeout=urllib3.Timeout(connect=self._timeout_s, read=read_timeout_s or self._timeout_s),
                retries=RETRIES,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            hint = "see kube-apiserver's log in the run's folder"
            raise KubeError(
                f"{method} {path}: the API server at {self.host} does not answer: {error}", hint=hint
            ) from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise api_error(response, f"{method} {path}")
        return response


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}
