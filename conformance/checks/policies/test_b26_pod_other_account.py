"""B26: a tenant's Pods run under every other account of its namespace.

What B24 and B25 refuse is one account, not Pods. A Pod that names none gets `default`.
"""

import pytest

from conformance.api import Control, Scenario, check, expect, expect_that, pick


@check(
    "B26",
    control=Control.POD_POLICY,
    kills=["M28-pods", "M11-quota-nothing", "M20-binding"],
    source="catalogue B26; kubernetes@v1.36.3/plugin/pkg/admission/serviceaccount/admission.go, Admit",
    signal='the Pod is admitted; spec.serviceAccountName is "default" where the Pod names none',
)
@pytest.mark.parametrize(("named", "account"), [("none", "default"), ("other", "b26-other")], ids=["none", "other"])
def test_b26_pod_other_account(scenario: Scenario, named: str, account: str) -> None:
    """Submit a Pod without an account, and one under an account of the tenant's."""
    # A dry-run is admitted like the real thing, and takes nothing from the quota.
    admitted = expect(scenario[f"Pod/b26-{named}"].submit(dry_run=True)).is_admitted()
    runs_as = pick(admitted, "spec", "serviceAccountName")
    expect_that(runs_as == account, "the Pod runs under another account", wanted=account, observed=str(runs_as))
