"""Reversible changes to guards, and to single rules of the tenants' policies; mutants are made of them.

Each waits for a request that is answered otherwise than before. Where no harmless request could show the change, it
waits for as long as the API server takes to read its policies again.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from conformance.bootstrap.changes import patched
from conformance.bootstrap.changes_policies import POLICY_REFRESH_S
from conformance.bootstrap.platform import Platform
from conformance.errors import BootstrapError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.wait import eventually, pause
from conformance.model import Manifest

Apply = Callable[[Platform, Sequence[str]], contextlib.AbstractContextManager[None]]
Probe = Callable[[Platform, str], Manifest]
"""Makes the object, for a tenant's namespace, whose fate shows whether a change is in force."""
Change = Callable[[Platform, dict[str, Any]], None]
"""Changes a spec in place."""

BINDING = "ValidatingAdmissionPolicyBinding"
POLICY = "ValidatingAdmissionPolicy"


def binding_audits(which: str, violating: Probe | None = None, *, as_tenant: bool = False) -> Apply:
    """Return a change that lets a policy (its field in the fleet's profile) audit without denying."""
    change = lambda _, spec: spec.update(validationActions=["Audit"])  # noqa: E731
    return changed(BINDING, which, change, shown_by=violating, refused=False, as_tenant=as_tenant)


def refuses_all(which: str, harmless: Probe, *, as_tenant: bool = False) -> Apply:
    """Return a change that lets a policy refuse whatever it looks at."""
    everything = [{"expression": "false", "reason": "Forbidden", "message": "refused by a mutant, whatever it is"}]
    change = lambda _, spec: spec.update(validations=everything)  # noqa: E731
    return changed(POLICY, which, change, shown_by=harmless, refused=True, as_tenant=as_tenant)


def creations_only(which: str) -> Apply:
    """Return a change that lets a policy see CREATE and not UPDATE."""

    def change(_: Platform, spec: dict[str, Any]) -> None:
        for rule in spec["matchConstraints"]["resourceRules"]:
            rule["operations"] = ["CREATE"]

    return changed(POLICY, which, change)


def changed(
    kind: str,
    which: str,
    change: Change,
    *,
    shown_by: Probe | None = None,
    refused: bool = True,
    as_tenant: bool = False,
) -> Apply:
    """Return a change of a policy or binding; under it `shown_by` is refused, or is not."""

    def apply(platform: Platform, namespaces: Sequence[str]) -> contextlib.AbstractContextManager[None]:
        name = getattr(platform.fleet.profile.policies, which)
        if name is None:
            raise BootstrapError(f"this fleet names no {which} policy in conformance.yaml: nothing can be taken away")

        def in_force(mutated: bool) -> None:
            if shown_by is None:
                pause(POLICY_REFRESH_S)
                return
            probe = shown_by(platform, namespaces[0])
            eventually(
                lambda: _refused(platform, probe, name, namespaces[0] if as_tenant else ""),
                lambda is_refused: is_refused is (refused is mutated),
                timeout_s=platform.timeouts.policy_enforced,
                what=f"{name} {'changes' if mutated else 'changes back'} what it says of {Ref.of(probe)}",
            )

        return patched(platform, ref_to(f"{kind}/{name}"), partial(change, platform), in_force=in_force)

    return apply


def _refused(platform: Platform, manifest: Manifest, policy: str, tenant: str) -> bool:
    """Whether a dry-run is refused by this very policy."""
    client = platform.as_tenant(tenant, "mutant") if tenant else platform.client
    try:
        client.create(manifest, dry_run=True)
    except ApiError as error:
        return f"{POLICY} '{policy}'" in error.message
    return False


def known_tenants_only(platform: Platform, spec: dict[str, Any]) -> None:
    """Let a binding select the tenants that are there, by name."""
    label = platform.fleet.profile.tenant_label
    live = platform.client.objects("v1", "Namespace", labels=label)
    values = sorted({pick(one, "metadata", "labels", label) for one in live})
    spec["matchResources"] = {
        "namespaceSelector": {"matchExpressions": [{"key": label, "operator": "In", "values": values}]}
    }


def platform_passes(platform: Platform, spec: dict[str, Any]) -> None:
    """Let a policy pass over admins and the controller that applies the fleet."""
    controller = f"system:serviceaccount:{platform.flux_namespace}:kustomize-controller"
    admins = "request.userInfo.groups.exists(group, group in ['system:masters', 'kubeadm:cluster-admins'])"
    expression = f"!{admins} && request.userInfo.username != '{controller}'"
    spec.setdefault("matchConditions", []).append({"name": "not-the-platform", "expression": expression})


def list_of_its_own(platform: Platform, spec: dict[str, Any]) -> None:
    """Let the sources policy read its prefixes from itself, as they are now, and not from the ConfigMap."""
    named = platform.fleet.profile.allowlist
    text = platform.client.get(ref_to(f"ConfigMap/{named.name}", named.namespace))["data"][named.key]
    prefixes = ", ".join(f"'{line.strip()}'" for line in text.splitlines() if line.strip())
    for variable in spec["variables"]:
        if variable["name"] == "prefixes":
            variable["expression"] = f"[{prefixes}]"


def image_without_scheme(_: Platform, spec: dict[str, Any]) -> None:
    """Let the sources policy compare an image as it is written."""
    for variable in spec["variables"]:
        variable["expression"] = variable["expression"].replace("'oci://' + ", "")


def judges_deletions(_: Platform, spec: dict[str, Any]) -> None:
    """Let a policy judge objects on their way out like all others."""
    spec["matchConditions"] = []


def errors_pass(_: Platform, spec: dict[str, Any]) -> None:
    """Let a policy pass what it cannot evaluate."""
    spec["failurePolicy"] = "Ignore"


def denies_in_silence(_: Platform, spec: dict[str, Any]) -> None:
    """Let a binding deny without a word in the audit log."""
    spec["validationActions"] = ["Deny"]


@contextlib.contextmanager
def capitals_admitted(platform: Platform, namespaces: Sequence[str]) -> Iterator[None]:
    """Let the API admit any scheme of a GitRepository, and the allowlist the permitted one in capitals."""
    named = platform.fleet.profile.allowlist
    url = f"HTTP{platform.git_url.removeprefix('http')}/"
    metadata = {"name": "conformance-probe", "namespace": namespaces[0]}
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata}
    probe = {**source, "spec": {"interval": "1h", "url": f"{url}public"}}

    def permit(data: dict[str, Any]) -> None:
        data[named.key] = f"{data[named.key].rstrip()}\n{url}\n"

    def any_scheme(spec: dict[str, Any]) -> None:
        for version in spec["versions"]:
            version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["url"].pop("pattern", None)

    def in_force(mutated: bool) -> None:
        eventually(
            lambda: _admitted(platform, probe),
            lambda admitted: admitted is mutated,
            timeout_s=platform.timeouts.policy_enforced,
            what=f"the API {'admits' if mutated else 'refuses'} {url}",
        )

    crd = ref_to("CustomResourceDefinition/gitrepositories.source.toolkit.fluxcd.io")
    allowlist = ref_to(f"ConfigMap/{named.name}", named.namespace)
    with patched(platform, allowlist, permit), patched(platform, crd, any_scheme, in_force=in_force):
        yield


def _admitted(platform: Platform, manifest: Manifest) -> bool:
    try:
        platform.client.create(manifest, dry_run=True)
    except ApiError:
        return False
    return True
