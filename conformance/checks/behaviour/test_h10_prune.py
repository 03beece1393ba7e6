"""H10: what a tenant takes out of its repository leaves the cluster.

Without pruning, what a tenant withdrew runs on: a workload with a hole, a Secret that was rotated.
"""

import secrets

from conformance.api import Control, Scenario, check, expect_none, given, object_until


@check(
    "H10",
    control=Control.PRUNE,
    kills=["M22-prune-off"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    source="catalogue H10; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:1119",
    signal='Ready=True "main@sha1:<the commit>"; the ConfigMap is gone',
)
def test_h10_prune(scenario: Scenario) -> None:
    """Commit a ConfigMap, wait until it is there, and take it out again."""
    platform, sync = scenario.platform, scenario["Kustomization/h10-a"]
    commit = scenario["ConfigMap/h10-pruned"].with_fields({"data.value": secrets.token_hex(8)})
    # Allowed path first: the commit is applied.
    with scenario.committed("h10-a", commit) as head:
        given(sync).becomes_ready(message=f"main@sha1:{head}", timeout_s=platform.timeouts.reconciled)
        given(commit).contains_wanted()

    # The block's end has taken the file out. Ready at that commit comes after garbage collection.
    scenario.reconcile(scenario.existing("GitRepository/h10-a", "h10-a").ref)
    head = scenario.repository("h10-a").head()
    given(sync).becomes_ready(message=f"main@sha1:{head}", timeout_s=platform.timeouts.reconciled)
    hold = platform.timeouts.hold_window
    _, gone = object_until(platform.client, commit.ref, lambda state: state is None, timeout_s=hold)
    left = [] if gone else ["present"]
    expect_none(scenario, left, f"{commit.ref} was taken out of Git and is still there", wanted="absent")
