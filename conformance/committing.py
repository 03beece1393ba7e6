"""What a check may set in motion beside its own objects: commits of a tenant, reconciliations."""

import base64
import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from conformance.artifacts import push_links, sign
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.evidence import EvidenceFolder
from conformance.kube.objects import Ref, ref_to
from conformance.kube.wait import object_until
from conformance.model import Check, Manifest
from conformance.repos.access_control import Access
from conformance.repos.push import TenantRepository
from conformance.repos.ssh import make_key, signed_by

RECONCILE = "reconcile.fluxcd.io/requestedAt"
_STAMPING = threading.Lock()


class Committed(Protocol):
    """What can be committed: an object of a scenario."""

    @property
    def manifest(self) -> Manifest:
        """The object."""

    @property
    def ref(self) -> Ref:
        """Its address."""


class Committing:
    """The part of a scenario that commits as a tenant, and asks Flux to reconcile."""

    check: Check
    platform: Platform
    evidence: EvidenceFolder

    def request_reconcile(self, ref: Ref) -> str:
        """Ask Flux to reconcile an object now, as `flux reconcile` does; return the request's stamp."""
        # One at a time: a later stamp must not be overwritten by an earlier one, or nobody would see it handled.
        with _STAMPING:
            stamp = f"{self.check.id}-{time.time_ns()}"
            self.platform.client.patch(ref, {"metadata": {"annotations": {RECONCILE: stamp}}})
        return stamp

    def reconcile(self, ref: Ref) -> None:
        """Ask Flux to reconcile an object now, and wait until it has.

        Raises:
            Breakdown: the controller did not take the request up in time.
        """
        asked = _asked_at(self.request_reconcile(ref))
        handled = lambda s: _asked_at(((s or {}).get("status") or {}).get("lastHandledReconcileAt", "")) >= asked  # noqa: E731
        timeout = self.platform.timeouts.reconciled
        _, done = object_until(self.platform.client, ref, handled, timeout_s=timeout)
        if not done:
            raise Breakdown(f"{ref} was not reconciled within {timeout:g} s of the request")

    def call_hook(self, path: str, *, bearer: str = "", body: str = "{}") -> int:
        """Call a Receiver's webhook, as a git host would; return the status of the answer.

        Raises:
            Breakdown: the provider does not show where notification-controller listens, or nobody answers there.
        """
        host = self.platform.cluster.host
        if host is None:
            raise Breakdown(f"{self.check.id}: the provider does not show where notification-controller listens")
        address = host.receiver()
        request = urllib.request.Request(f"http://{address}{path}", data=body.encode(), method="POST")
        if bearer:
            request.add_header("Authorization", f"Bearer {bearer}")
        try:
            with urllib.request.urlopen(request, timeout=self.platform.timeouts.api_request) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError as error:
            raise Breakdown(f"{self.check.id}: no answer of notification-controller: {error}") from error

    def kubeconfig(self, user: Mapping[str, Any]) -> str:
        """Return a kubeconfig for this very cluster; `user` says how it logs in, such as `{"token": ...}`."""
        client = self.platform.client
        authority = base64.b64encode(client.ca_file.read_bytes()).decode()
        cluster = {"server": self.platform.cluster.server, "certificate-authority-data": authority}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )

    def lay_beside(self, controller: str, content: Path, name: str) -> str:
        """Copy a folder among a controller's temporary files, as if another build were at work there.

        Returns:
            Its path as the controller sees it.

        Raises:
            Breakdown: the provider does not show the controllers (ask for them with `needs=`).
        """
        host = self.platform.cluster.host
        if host is None:
            raise Breakdown(f"{self.check.id}: the provider does not show where {controller} keeps temporary files")
        return host.lay(controller, content, name)

    def repository(self, tenant: str) -> TenantRepository:
        """Return a tenant's repository, to commit as that tenant would."""
        return self.platform.repositories[tenant]

    def push_with_links(self, tenant: str, folder: str, name: str) -> None:
        """Push a folder of a tenant's checkout as the artifact `<oci_url>/<name>:latest`, with the symlinks in it."""
        organisation = self.platform.oci_url.rpartition("/")[2]
        checkout = self.repository(tenant).folder
        digest = push_links(self.platform.registry.address, f"{organisation}/{name}", checkout, folder)
        self.evidence.record("push", f"{tenant} {name}", f"{digest}\n")

    def signed_chart(self, chart: str, version: str) -> tuple[str, str]:
        """Sign a chart of the registry with a new key; return the chart's digest, and the public key."""
        return self.signed_artifact(f"charts/{chart}", version)

    def signed_artifact(self, name: str, tag: str = "latest") -> tuple[str, str]:
        """Sign the artifact `<oci_url>/<name>:<tag>` with a new key; return its digest, and the public key."""
        registry, organisation = self.platform.registry.address, self.platform.oci_url.rpartition("/")[2]
        return sign(registry, f"{organisation}/{name}", tag)

    def signed_commit(self, name: str, branch: str) -> str:
        """Sign the head of the repository `<git_url>/<name>` with a new SSH key, push it as a branch.

        Returns:
            The public key, as in authorized_keys.
        """
        key, organisation = make_key(), self.platform.git_url.rpartition("/")[2]
        repository = self.platform.clone(f"{organisation}/{name}", f"{self.check.id.lower()}-{name}-{time.time_ns()}")
        commit = repository.push_signed(branch, lambda payload: signed_by(key, payload))
        self.evidence.record("push", f"{name} {branch}", f"{commit}\n")
        return key.public

    def push_over_ssh(self, tenant: str, branch: str, *, may_write: bool) -> str:
        """Push to a branch of a tenant's repository with a new deploy key; return how git was refused, else nothing."""
        access = Access.WRITE if may_write else Access.READ
        ssh, name = self.platform.git.ssh, f"{self.platform.git_url.rpartition('/')[2]}/{tenant}"
        folder = self.platform.folder / "deploy-keys" / f"{self.check.id}-{access}"
        command = ssh.client_command(ssh.deploy_key(name, access=access), folder)
        refusal = self.repository(tenant).push_with(command, f"{ssh.url}/{name}.git", branch)
        self.evidence.record("push", f"{tenant} {access}", refusal or "it went through\n")
        return refusal

    @contextlib.contextmanager
    def committed(self, tenant: str, subject: Committed) -> Iterator[str]:
        """Commit an object as a tenant, to the folder that its sync applies; the commit is undone at the end.

        Yields:
            The head, when source-controller has fetched it.
        """
        repository, path = self.repository(tenant), f"{self.platform.environment}/{self.check.id.lower()}.yaml"
        repository.write(path, json.dumps(subject.manifest))
        try:
            head = repository.commit(f"{self.check.id}: add {subject.ref.label}")
            self.reconcile(ref_to(f"GitRepository/{tenant}", tenant))
            yield head
        finally:
            repository.remove(path)
            repository.commit(f"{self.check.id}: take {subject.ref.label} away")


def _asked_at(stamp: str) -> int:
    """Return the time of a request; a later one of another check stands for an earlier one."""
    said = stamp.rpartition("-")[2]
    return int(said) if said.isdigit() else 0
