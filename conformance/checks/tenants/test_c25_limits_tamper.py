"""C25: a tenant cannot change or delete the limits of its namespace.

A quota that its subject may raise is none.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.api import Control, Level, Ref, Scenario, check, expect, given, given_that

LIMITS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ResourceQuota": ("resourcequotas", {"spec": {"hard": {"pods": "100000"}}}),
    "LimitRange": ("limitranges", {"spec": {"limits": []}}),
}


@pytest.mark.parametrize("kind", LIMITS)
@check(
    "C25",
    level=Level.HARDENED,
    control=Control.TENANT_ROLE,
    kills=["M04", "M14-role", "M14-unguarded"],
    spec="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    source="catalogue C25; fleet-repo/policies/base/tenant-role.yaml",
    signal='403, cannot patch or delete resource "resourcequotas" or "limitranges" in the own namespace',
)
def test_c25_limits_tamper(scenario: Scenario, kind: str) -> None:
    """Patch and delete each limit of the namespace with the tenant's own token."""
    resource, raised = LIMITS[kind]
    found = [Ref.of(one) for one in scenario.platform.client.objects("v1", kind, namespace="shared-a")]
    # Allowed path first: there are limits, the token works, and the patch is one that the server takes.
    given_that(found, f"the namespace has a {kind}")
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()

    user = scenario.platform.tenant_user("shared-a")
    for limit in found:
        given(scenario.patch(limit, raised, as_tenant="", dry_run=True)).is_admitted()
        # Dry runs, which rights decide alike: other checks count on these limits.
        patched = scenario.patch(limit, raised, as_tenant="shared-a", dry_run=True)
        expect(patched).is_refused(message=(f'User "{user}" cannot patch resource "{resource}"', '"shared-a"'))
        deleted = scenario.delete(limit, as_tenant="shared-a", dry_run=True)
        expect(deleted).is_refused(message=(f'User "{user}" cannot delete resource "{resource}"', '"shared-a"'))
