"""B40: an allowlist without prefixes permits nothing.

A list that is emptied, or whose key is renamed, is a mistake that happens. It must close the door, not open it.
"""

from conformance.api import Answer, Control, Scenario, check, eventually, expect, given

FORBIDDEN = 403
INVALID = 422


@check(
    "B40",
    control=Control.ALLOWLIST,
    kills=["M26-ignore"],
    source="catalogue B40; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/validator.go, Validate",
    signal='403 "is not allowed. Permitted prefixes:" for an empty list; "no such key" where the key is gone',
)
def test_b40_allowlist_empty(scenario: Scenario) -> None:
    """Empty a list, then take its key away."""
    own = scenario["GitRepository/b40-own"]
    timeout = scenario.platform.timeouts.policy_enforced

    def attempt() -> Answer:
        return own.submit(dry_run=True)

    with scenario.own_allowlist("b40-plain") as allowlist:
        # Allowed path first: the list as the fleet has it.
        given(attempt()).is_admitted()

        allowlist.set([])
        what = "the policy notices that its list is empty"
        empty = eventually(attempt, lambda answer: not answer.admitted, timeout_s=timeout, what=what)
        expect(empty).is_refused(status=FORBIDDEN, message=("denied request", "is not allowed. Permitted prefixes:"))

        allowlist.drop_key()
        what = "the policy notices that its list is gone"
        gone = eventually(
            attempt,
            lambda answer: answer.status != FORBIDDEN or "no such key" in answer.message,
            timeout_s=timeout,
            what=what,
        )
        expect(gone).is_refused(status=INVALID, message="no such key: ")
