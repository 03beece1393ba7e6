"""B20: nobody in a tenant's namespace can write the status of a source.

The status holds the address and digest of the artifact, and the controllers that build from it believe both. The role
that Flux aggregates to editors covers it.
"""

from conformance.api import Control, Level, Scenario, check, eventually, expect, expect_that, given, pick


@check(
    "B20",
    level=Level.HARDENED,
    control=Control.STATUS_GUARD,
    kills=["M15-status"],
    source="catalogue B20; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "is written by the Flux controllers only"; status.artifact.url is what source-controller wrote',
)
def test_b20_status_forging(scenario: Scenario) -> None:
    """Patch status.artifact.url as somebody who may edit the namespace."""
    client, who = scenario.account("shared-a", "b20-editor")
    source = scenario["GitRepository/b20-own"]
    # Allowed path first: the source has an artifact, and this person may change the source.
    given(source).becomes_ready()
    written = eventually(
        lambda: pick(source.live(), "status", "artifact", "url"),
        bool,
        timeout_s=scenario.platform.timeouts.reconciled,
        what=f"{source.ref} has an artifact",
    )
    harmless = {"metadata": {"annotations": {"b20": "harmless"}}}
    scenario.until_enforced(
        lambda: scenario.ask(who, f"patch {source.ref}", lambda: client.patch(source.ref, harmless)),
        lambda answer: answer.admitted,
        what="the role of the person is in force",
    )

    forged = {"status": {"artifact": {"url": f"{scenario.platform.evil_git_url}/b20.tar.gz"}}}
    answer = scenario.ask(
        who, f"patch status of {source.ref}", lambda: client.patch(source.ref, forged, subresource="status")
    )
    expect(answer).is_refused(message=(scenario.denial("guard_status"), "is written by the Flux controllers only"))
    stored = pick(source.live(), "status", "artifact", "url")
    expect_that(stored == written, f"the status of {source.ref} was forged", wanted=str(written), observed=str(stored))
