"""B24: no Pod of a tenant can run under the ServiceAccount that Flux impersonates.

A process in such a Pod would hold the tenant's deployment rights at run time: whoever breaks into the application
could change what is deployed.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B24",
    control=Control.POD_POLICY,
    kills=["M05-pods"],
    source="catalogue B24; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-pods ... denied request", "\'flux\' ServiceAccount"; the Pod is absent',
)
def test_b24_pod_account(scenario: Scenario) -> None:
    """Submit a Pod under the account."""
    account = scenario.platform.service_account
    # Allowed path first: quota and Pod Security let this Pod through.
    given(scenario["Pod/b24-default"].submit()).is_admitted()

    answer = scenario["Pod/b24-flux"].with_fields({"spec.serviceAccountName": account}).submit()
    expect(answer).is_refused(message=(scenario.denial("pods"), f"'{account}' ServiceAccount"))
    expect(answer).leaves_no_trace("Pod/b24-flux", namespace="shared-a")
