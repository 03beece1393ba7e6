"""B25: no Pod of a tenant can run under Flux's account by the deprecated name of the field.

`spec.serviceAccount` is the old name of `spec.serviceAccountName`. The API server copies one to the other; a policy
that looked before that would see nothing.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B25",
    control=Control.POD_POLICY,
    kills=["M05-pods"],
    source="catalogue B25; kubernetes@v1.36.3/pkg/apis/core/v1/conversion.go, Convert_v1_PodSpec_To_core_PodSpec",
    signal="403 \"pods in tenant namespaces cannot run under the 'flux' ServiceAccount\"; the Pod is absent",
)
def test_b25_pod_account_alias(scenario: Scenario) -> None:
    """Submit a Pod with the deprecated field."""
    account = scenario.platform.service_account
    # Allowed path first: with another account in the same field the Pod passes quota, Pod Security and policy.
    given(scenario["Pod/b25-default"].submit(dry_run=True)).is_admitted()

    answer = scenario["Pod/b25-flux"].with_fields({"spec.serviceAccount": account}).submit()
    expect(answer).is_refused(message=(scenario.denial("pods"), f"'{account}' ServiceAccount"))
    expect(answer).leaves_no_trace("Pod/b25-flux", namespace="shared-a")
