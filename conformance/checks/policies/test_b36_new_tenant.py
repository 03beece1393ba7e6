"""B36: a namespace that becomes a tenant's is under the policies from its first moment.

A source that is made right after the namespace must be refused already: whoever onboards a tenant by one commit makes
both within a second.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B36",
    control=Control.POLICY_SCOPE,
    kills=["M05-sources", "M06-wide", "M08-known", "M25-platform"],
    source="catalogue B36; apiserver@v0.36.3/pkg/admission/plugin/webhook/predicates/namespace/matcher.go",
    signal='403 "is not allowed" at the first try; the GitRepository is absent',
)
def test_b36_new_tenant(scenario: Scenario) -> None:
    """Make a namespace with the tenant's label, and a source in it at once."""
    platform = scenario.platform
    labels = {platform.fleet.profile.tenant_label: "b36"}
    given(scenario["Namespace/new-tenant-b36"].with_fields({"metadata.labels": labels}).submit()).is_admitted()

    # Nothing stands between the two requests.
    evil = scenario["GitRepository/b36-evil"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    answer = evil.submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    expect(answer).leaves_no_trace("GitRepository/b36-evil", namespace="new-tenant-b36")
    # That address is what was refused, not sources as such.
    given(scenario["GitRepository/b36-own"].submit()).is_admitted()
