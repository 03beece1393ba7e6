"""B43: a source whose prefix was revoked stops fetching.

Admission looks at requests, not at what is stored: the source can no longer be changed, and goes on as it is. Who
revokes a prefix has to look for the sources that use it, and delete them.
"""

from datetime import UTC, datetime

from conformance.api import Control, Level, Scenario, check, consistently, expect, expect_that, given

FETCHES_S = 45.0
"""Fifteen intervals of the source: a busy controller is late, and would look like one that stopped."""


@check(
    "B43",
    level=Level.PROVISIONAL,
    control=Control.ALLOWLIST,
    unmutable="Flux asks admission nothing when it fetches: there is no control to take away",
    source="catalogue B43; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "is not allowed" for a change of the source, and no request for its repository after the revocation',
)
def test_b43_revoked_prefix(scenario: Scenario) -> None:
    """Revoke the prefix of a source that is there, change the source, and wait for its next fetch."""
    source = scenario["GitRepository/b43-source"]
    change = {"spec": {"timeout": "45s"}}

    with scenario.own_allowlist("b43-plain") as allowlist:
        # Allowed path first: while the prefix is permitted, the source works and may be changed.
        given(source).becomes_ready()
        given(scenario.patch(source.ref, change, as_tenant="", dry_run=True)).is_admitted()

        allowlist.set(["https://git.example.com/nothing/"])
        scenario.until_enforced(
            lambda: scenario["GitRepository/b43-new"].submit(dry_run=True),
            lambda answer: not answer.admitted,
            what="the prefix is revoked",
        )
        answer = scenario.patch(source.ref, change, as_tenant="", dry_run=True)
        expect(answer).is_refused(message=("denied request", "is not allowed"))

        revoked = datetime.now(UTC)
        fetched = consistently(
            lambda: [entry for entry in scenario.requests("/b43") if entry.time > revoked],
            lambda entries: not entries,
            for_s=FETCHES_S,
        )
        expect_that(
            not fetched,
            f"{source.ref} fetches after its prefix was revoked",
            wanted="no request",
            observed=f"{fetched}",
        )
