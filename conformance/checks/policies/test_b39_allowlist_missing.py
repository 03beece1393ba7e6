"""B39: without its allowlist the policy on sources denies, instead of letting everything through.

Who deletes the ConfigMap, or renames it, must not open the door. For some seconds this check is that somebody.
"""

from conformance.api import Answer, Control, Scenario, check, consistently, eventually, expect, given, ref_to

FORBIDDEN = 403
INVALID = 422
KEPT = ("name", "namespace", "labels", "annotations")


@check(
    "B39",
    control=Control.ALLOWLIST,
    kills=["M07", "M26-ignore"],
    source="catalogue B39; apiserver@v0.36.3/pkg/admission/plugin/policy/generic/policy_dispatcher.go:378",
    signal='422 "no params found for policy binding with `Deny`" while the ConfigMap is gone',
    exclusive=True,
)
def test_b39_allowlist_missing(scenario: Scenario) -> None:
    """Delete the allowlist, try to make a source, and put the allowlist back."""
    platform = scenario.platform
    timeout = platform.timeouts.policy_enforced
    own = scenario["GitRepository/b39-own"]
    evil = scenario["GitRepository/b39-evil"].with_fields({"spec.url": f"{platform.evil_git_url}/x"})
    named = platform.fleet.profile.allowlist
    ref = ref_to(f"ConfigMap/{named.name}", named.namespace)
    allowlist = platform.client.get(ref)

    def attempt() -> Answer:
        return evil.submit(dry_run=True)

    # Allowed path first: with the allowlist, the one is admitted and the other is refused for its address.
    given(own.submit(dry_run=True)).is_admitted()
    expect(attempt()).is_refused(message=scenario.denial("sources"))
    with scenario.syncs_mended():
        try:
            platform.client.delete(ref)
            changed = eventually(
                attempt,
                lambda answer: answer.status != FORBIDDEN,
                timeout_s=timeout,
                what="the policy notices that its allowlist is gone",
                interval_s=0.5,
            )
            # A binding that was changed a moment ago is in force after a second: an opening may come late.
            opened = consistently(
                attempt, lambda answer: not answer.admitted, for_s=platform.timeouts.hold_window, interval_s=0.5
            )
            expect(opened or changed).is_refused(
                status=INVALID, message="no params found for policy binding with `Deny`"
            )
        finally:
            # As the controller that applied it: the next reconciliation finds its own object.
            metadata = {key: value for key, value in allowlist["metadata"].items() if key in KEPT}
            restored = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": allowlist["data"]}
            platform.client.apply(restored, manager="kustomize-controller")
            what = "the restored allowlist is in force"
            eventually(attempt, lambda answer: answer.status == FORBIDDEN, timeout_s=timeout, what=what, interval_s=0.5)
