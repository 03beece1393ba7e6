"""B48: a request that a policy denies is in the audit log, with the policy that denied it.

A tenant that tries every door leaves no trace in any object. The audit log is where a platform team sees it, if the
bindings ask for it.
"""

from conformance.api import Control, Scenario, check, expect, expect_none, given, given_that

ANNOTATION = "validation.policy.admission.k8s.io/validation_failure"
FORBIDDEN = 403


@check(
    "B48",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide", "M27-silent"],
    spec="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#audit-annotations",
    source="catalogue B48; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go",
    signal="the audit entry of the refused request has validation.policy.admission.k8s.io/validation_failure",
)
def test_b48_audit_annotation(scenario: Scenario) -> None:
    """Have a source refused, and read the audit log."""
    evil = scenario["GitRepository/b48-evil"].with_fields({"spec.url": f"{scenario.platform.evil_git_url}/x"})
    # Allowed path first: the address is what is refused.
    given(scenario["GitRepository/b48-own"].submit(dry_run=True)).is_admitted()

    answer = evil.submit()
    expect(answer).is_refused(message=(scenario.denial("sources"), "is not allowed"))
    entry = scenario.audited(lambda e: e.id == answer.audit_id and e.code == FORBIDDEN, "refused b48-evil")
    given_that(entry, "the audit log does not hold the refused request")
    said = (entry.annotations if entry else {}).get(ANNOTATION, "")
    policy = scenario.platform.fleet.profile.policies.sources
    lacking = [] if f'"policy":"{policy}"' in said else [said or "absent"]
    expect_none(scenario, lacking, "the audit log does not say why", wanted=ANNOTATION)
    expect(answer).leaves_no_trace("GitRepository/b48-evil", namespace="shared-a")
