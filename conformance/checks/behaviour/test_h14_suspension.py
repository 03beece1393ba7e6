"""H14: a tenant may suspend its own objects, and none outside of its namespace.

`suspend` stops reconciliation, and with it every repair and every revocation. Nobody may do that to somebody else.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, expect_that, given, pick, ref_to

SUSPEND = {"spec": {"suspend": True}}


@check(
    "H14",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M04"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend",
    source="catalogue H14; k8s.io/apiserver@v0.36.3: authorization of patch",
    signal='403 "User "system:serviceaccount:shared-a:flux" cannot patch resource"; '
    "spec.suspend is not true, and the victim reconciles",
)
@pytest.mark.parametrize("whose", ["tenant", "platform"])
def test_h14_suspension(scenario: Scenario, whose: str) -> None:
    """Suspend an own Kustomization, then try it with another tenant's and with the platform's."""
    platform, own, victim = scenario.platform, scenario["Kustomization/h14-own"], scenario["Kustomization/h14-victim"]
    given(own).becomes_ready()
    # Allowed path first.
    given(scenario.patch(own.ref, SUSPEND, as_tenant="shared-a", dry_run=True)).is_admitted()

    target = victim.ref if whose == "tenant" else ref_to("Kustomization/tenants", platform.flux_namespace)
    # The platform's is only asked about: suspended, it would be missing to other checks.
    answer = scenario.patch(target, SUSPEND, as_tenant="shared-a", dry_run=whose == "platform")
    expect(answer).is_refused(
        message=f'User "{platform.tenant_user("shared-a")}" cannot patch resource "kustomizations"'
    )
    given(victim).becomes_ready()
    scenario.reconcile(victim.ref)
    live = victim.live()
    expect_that(pick(live, "spec", "suspend") is not True, f"{victim.ref} is suspended", wanted="no", observed="yes")
