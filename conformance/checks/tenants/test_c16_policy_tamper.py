"""C16: a tenant cannot change or delete admission policies and their bindings.

A binding that only audits, or a policy that fails open, switches the policy off for every tenant.
"""

from collections.abc import Mapping
from typing import Any

from conformance.api import Control, Scenario, check, expect, expect_that, given, pick

WEAKER: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ValidatingAdmissionPolicy": ("validatingadmissionpolicies", {"spec": {"failurePolicy": "Ignore"}}),
    "ValidatingAdmissionPolicyBinding": (
        "validatingadmissionpolicybindings",
        {"spec": {"validationActions": ["Warn"]}},
    ),
}


@check(
    "C16",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
    source="catalogue C16; apiserver@v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go:67",
    signal='403 "cannot patch resource" and "cannot delete resource", "at the cluster scope"; '
    "the live spec is unchanged",
)
def test_c16_policy_tamper(scenario: Scenario) -> None:
    """Patch and delete a policy and its binding with the tenant's own token."""
    # Allowed path first: the token works, and the patches are ones that the server takes.
    given(scenario.get(scenario["ConfigMap/tenant-live"].ref, as_tenant="shared-a")).is_admitted()

    who = f'User "{scenario.platform.tenant_user("shared-a")}"'
    for kind, (resource, weaker) in WEAKER.items():
        policy = scenario[f"{kind}/c16-policy"]
        spec = pick(policy.live(), "spec")
        given(scenario.patch(policy.ref, weaker, as_tenant="", dry_run=True)).is_admitted()

        patched = scenario.patch(policy.ref, weaker, as_tenant="shared-a")
        expect(patched).is_refused(message=(f'{who} cannot patch resource "{resource}"', "at the cluster scope"))
        deleted = scenario.delete(policy.ref, as_tenant="shared-a")
        expect(deleted).is_refused(message=(f'{who} cannot delete resource "{resource}"', "at the cluster scope"))
        live = pick(policy.live(), "spec")
        expect_that(live == spec, f"{policy.ref} changed", wanted=str(spec), observed=str(live))
