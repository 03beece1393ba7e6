"""B44: a source whose prefix was revoked can be deleted.

Flux holds a source back until it has cleaned up, and lets it go by an update. A policy that judges this update like
any other keeps the source, and its namespace, for ever.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given, object_until

GONE_S = 60.0


@check(
    "B44",
    level=Level.HARDENED,
    control=Control.SOURCE_POLICY,
    kills=["M24-deletion"],
    source="catalogue B44, finding 11; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal="the GitRepository is gone within 60 s of its deletion",
)
def test_b44_delete_after_revoke(scenario: Scenario) -> None:
    """Revoke the prefix of a source that is there, and delete the source."""
    source, timeouts = scenario["GitRepository/b44-source"], scenario.platform.timeouts

    with scenario.own_allowlist("b44-plain") as allowlist:
        # Allowed path first: the source works, and so Flux holds it back by its finalizer.
        given(source).becomes_ready()
        allowlist.set(["https://git.example.com/nothing/"])
        refused = scenario.until_enforced(
            lambda: scenario["GitRepository/b44-new"].submit(dry_run=True),
            lambda answer: not answer.admitted,
            what="the prefix is revoked",
        )
        expect(refused).is_refused(message=("denied request", "is not allowed"))

        expect(scenario.delete(source.ref, as_tenant="")).is_admitted()
        wait = min(GONE_S, timeouts.reconciled)
        state, gone = object_until(scenario.platform.client, source.ref, lambda s: s is None, timeout_s=wait)
        left = [] if gone else [f"finalizers {(state or {}).get('metadata', {}).get('finalizers')}"]
        expect_none(scenario, left, f"{source.ref} hangs", wanted=f"gone within {wait:g} s")
