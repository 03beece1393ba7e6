"""B18: a Bucket that is older than the tenant's label cannot be turned to another endpoint.

A namespace may have had a life before it became a tenant's. A policy that looks at CREATE only leaves what it finds
there to the tenant.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "B18",
    level=Level.HARDENED,
    control=Control.BUCKET_POLICY,
    kills=["M05-buckets", "M05-buckets-elsewhere", "M05-buckets-labelled", "M24-buckets-update"],
    source="catalogue B18; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "Bucket sources are not allowed in tenant namespaces"; spec.endpoint is what it was',
)
def test_b18_bucket_update(scenario: Scenario) -> None:
    """Give the namespace of a Bucket to a tenant, and change the Bucket's endpoint."""
    platform = scenario.platform
    bucket, evil = scenario["Bucket/b18-old"], {"spec": {"endpoint": "elsewhere.example.com"}}
    # Allowed path first: before the namespace is a tenant's the same change goes through.
    given(scenario.patch(bucket.ref, evil, as_tenant="", dry_run=True)).is_admitted()

    labels = {"metadata": {"labels": {platform.fleet.profile.tenant_label: "b18"}}}
    given(scenario.patch(scenario["Namespace/b18-late"].ref, labels, as_tenant="")).is_admitted()
    # Another policy shows when the API server has seen the label.
    source = scenario["GitRepository/b18-canary"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    scenario.until_enforced(
        lambda: source.submit(dry_run=True), lambda answer: not answer.admitted, what="the namespace is a tenant's"
    )

    answer = scenario.patch(bucket.ref, evil, as_tenant="")
    expect(answer).is_refused(message=(scenario.denial("buckets"), "not allowed in tenant namespaces"))
    wanted, stored = bucket.manifest["spec"]["endpoint"], pick(bucket.live(), "spec", "endpoint")
    expect_that(stored == wanted, f"{bucket.ref} was changed", wanted=wanted, observed=str(stored))
