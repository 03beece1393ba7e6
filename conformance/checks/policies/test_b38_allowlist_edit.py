"""B38: a change of the allowlist is in force within seconds, and no policy is touched for it.

The list is the platform team's daily tool. A revoked prefix that went on being permitted, or a policy that had to be
replaced to change one, would be a window that nobody watches.
"""

from conformance.api import Answer, Control, Scenario, check, consistently, expect, expect_that, given

FORBIDDEN = 403


@check(
    "B38",
    control=Control.ALLOWLIST,
    kills=["M25-fixed-list"],
    source="catalogue B38; apiserver@v0.36.3/pkg/admission/plugin/policy/generic/policy_dispatcher.go:378",
    signal='admitted after the prefix was added; 403 "is not allowed" after it was taken away',
)
def test_b38_allowlist_edit(scenario: Scenario) -> None:
    """Add a prefix to a list, and take it away again."""
    evil_url = f"{scenario.platform.evil_git_url}/x"
    evil = scenario["GitRepository/b38-evil"].with_fields({"spec.url": evil_url})
    wait = scenario.platform.timeouts.policy_enforced

    def attempt() -> Answer:
        return evil.submit(dry_run=True)

    with scenario.own_allowlist("b38-plain") as allowlist:
        # Allowed path first: what the list permits, and what it does not.
        given(scenario["GitRepository/b38-own"].submit(dry_run=True)).is_admitted()
        expect(attempt()).is_refused(message="is not allowed")

        allowlist.set([*allowlist.prefixes, f"{scenario.platform.evil_git_url}/"])
        added = consistently(attempt, lambda answer: not answer.admitted, for_s=wait)
        expect_that(added, "a new prefix is not permitted", wanted=f"admitted within {wait:g} s", observed="refused")

        allowlist.set(allowlist.prefixes)
        taken = consistently(attempt, lambda answer: answer.admitted, for_s=wait)
        expect_that(taken, "a prefix stays permitted", wanted=f"refused within {wait:g} s", observed="admitted")
        expect(taken or attempt()).is_refused(status=FORBIDDEN, message=("denied request", "is not allowed"))
