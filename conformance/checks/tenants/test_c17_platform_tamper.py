"""C17: a tenant cannot change the platform's own objects.

The platform's sync applies with all rights what its repository holds, its controllers hold the lockdown flags, and its
ConfigMap the allowlist: whoever writes one of them owns every tenant.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.api import Control, Ref, Scenario, check, expect, given, ref_to

CHANGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Kustomization": ("kustomizations", {"spec": {"path": "./elsewhere"}}),
    "GitRepository": ("gitrepositories", {"spec": {"url": "https://git.example.com/evil/fleet"}}),
    "Deployment": ("deployments", {"spec": {"replicas": 0}}),
    "ConfigMap": ("configmaps", {"data": {"allowedPrefixes": "http"}}),
}
BY_ARTIFACT = ("ocirepositories", {"spec": {"url": "oci://registry.example.com/evil/fleet"}})
"""In place of the GitRepository where the fleet comes as an artifact."""


@pytest.mark.parametrize("kind", CHANGES)
@check(
    "C17",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    source="catalogue C17; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403, cannot get, patch or delete the object in the namespace "flux-system"',
)
def test_c17_platform_tamper(scenario: Scenario, kind: str) -> None:
    """Read, patch and delete one of the platform's objects with the tenant's own token."""
    by_artifact = kind == "GitRepository" and scenario.platform.sync == "oci"
    resource, change = BY_ARTIFACT if by_artifact else CHANGES[kind]
    victim = _victim(scenario, "OCIRepository" if by_artifact else kind)
    # Allowed path first: the token works, the object is there, and the patch is one that the server takes.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()
    given(scenario.patch(victim, change, as_tenant="", dry_run=True)).is_admitted()

    # All tenants live on it: what would harm it is asked for as a dry run, which rights decide alike.
    answers = {
        "get": scenario.get(victim, as_tenant="shared-a"),
        "patch": scenario.patch(victim, change, as_tenant="shared-a", dry_run=True),
        "delete": scenario.delete(victim, as_tenant="shared-a", dry_run=True),
    }
    user = scenario.platform.tenant_user("shared-a")
    for verb, answer in answers.items():
        said = f'User "{user}" cannot {verb} resource "{resource}"'
        expect(answer).is_refused(message=(said, f'in the namespace "{victim.namespace}"'))


def _victim(scenario: Scenario, kind: str) -> Ref:
    platform = scenario.platform
    if kind == "ConfigMap":
        return ref_to(f"ConfigMap/{platform.fleet.profile.allowlist.name}", platform.fleet.profile.allowlist.namespace)
    name = "kustomize-controller" if kind == "Deployment" else platform.flux_namespace
    return ref_to(f"{kind}/{name}", platform.flux_namespace)
