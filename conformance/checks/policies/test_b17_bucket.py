"""B17: a tenant cannot make a Bucket.

A Bucket's endpoint is not looked at by the allowlist, and its provider may log in with the identity of the node: both
lead out of the tenant.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B17",
    control=Control.BUCKET_POLICY,
    kills=["M05-buckets", "M05-buckets-elsewhere", "M05-buckets-labelled"],
    source="catalogue B17; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "flux-tenant-buckets ... denied request", "not allowed in tenant namespaces"; the Bucket is absent',
)
def test_b17_bucket(scenario: Scenario) -> None:
    """Submit a Bucket in a tenant's namespace."""
    # Allowed path first: the object is fine where no tenant lives. That the tenant may create the kind at all shows
    # in the denial, which comes from the policy and not from RBAC.
    given(scenario["Bucket/b17-plain"].submit()).is_admitted()

    answer = scenario["Bucket/b17-evil"].submit()
    expect(answer).is_refused(message=(scenario.denial("buckets"), "not allowed in tenant namespaces"))
    expect(answer).leaves_no_trace("Bucket/b17-evil", namespace="shared-a")
