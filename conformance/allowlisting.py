"""An allowlist of a check's own: the fleet's policy on sources, bound once more to one namespace and another list.

So a check can change a list without changing what others are allowed, and looks at the fleet's own policy all the same.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import eventually
from conformance.model import Check, Manifest


@dataclass(frozen=True, slots=True)
class OwnAllowlist:
    """A ConfigMap that the fleet's policy compares the sources of one namespace with."""

    platform: Platform
    ref: Ref
    key: str
    first: str
    """The list as the fleet has it."""

    @property
    def prefixes(self) -> list[str]:
        """The fleet's prefixes."""
        return [line.strip() for line in self.first.splitlines() if line.strip()]

    def set(self, prefixes: Sequence[str]) -> None:
        """Write other prefixes."""
        self.platform.client.patch(self.ref, {"data": {self.key: "\n".join(prefixes)}})

    def drop_key(self) -> None:
        """Take the list away, and leave the ConfigMap."""
        self.platform.client.patch(self.ref, {"data": {self.key: None, "other": "harmless"}})


class Allowlisting:
    """The part of a scenario that has an allowlist of its own."""

    check: Check
    platform: Platform

    @contextlib.contextmanager
    def own_allowlist(self, namespace: str) -> Iterator[OwnAllowlist]:
        """Bind the fleet's policy on sources to a namespace without the tenant label, with a copy of the fleet's list.

        Yields:
            The copy, when the policy bites in the namespace.

        Raises:
            Breakdown: the fleet names no such policy, or it does not bite.
        """
        client, named = self.platform.client, self.platform.fleet.profile.allowlist
        fleets = client.get(ref_to(f"ConfigMap/{named.name}", named.namespace))
        own = f"{self.check.id.lower()}-allowlist"
        config_map = _named(fleets, own, named.namespace, data=fleets["data"])
        binding = self._binding(own, namespace)
        for one in (config_map, binding):
            client.apply(one)
        try:
            self._until_enforced(namespace)
            yield OwnAllowlist(self.platform, Ref.of(config_map), named.key, fleets["data"][named.key])
        finally:
            for one in (binding, config_map):
                client.delete_if_exists(Ref.of(one))

    def _binding(self, own: str, namespace: str) -> Manifest:
        policy = self.platform.fleet.profile.policies.sources
        if policy is None:
            raise Breakdown(f"{self.check.id}: this fleet names no policy on sources in conformance.yaml")
        live = self.platform.client.get(ref_to(f"ValidatingAdmissionPolicyBinding/{policy}"))
        if pick(live, "spec", "matchResources", "namespaceSelector") is None:
            raise Breakdown(
                f"{self.check.id}: the binding {policy} selects every namespace: no list is the check's own"
            )
        only_here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
        reference = {**(pick(live, "spec", "paramRef") or {}), "name": own}
        return _named(live, own, "", spec={**live["spec"], "paramRef": reference, "matchResources": only_here})

    def _until_enforced(self, namespace: str) -> None:
        metadata = {"name": f"{self.check.id.lower()}-canary", "namespace": namespace}
        spec = {"interval": "1h", "url": f"{self.platform.evil_git_url}/canary"}
        canary = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata}
        eventually(
            refused(self.platform, {**canary, "spec": spec}),
            bool,
            timeout_s=self.platform.timeouts.policy_enforced,
            what=f"the policy on sources bites in {namespace}",
            interval_s=0.25,
        )


def refused(platform: Platform, manifest: Manifest) -> Callable[[], bool]:
    """Return a probe: does the API server refuse this object now?"""

    def probe() -> bool:
        try:
            platform.client.create(manifest, dry_run=True)
        except ApiError:
            return True
        return False

    return probe


def _named(live: Manifest, name: str, namespace: str, **parts: object) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, **parts}
