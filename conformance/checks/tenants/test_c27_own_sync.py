"""C27: a tenant that edits its own sync by a commit stays in its namespace.

The sync that the platform gave to a tenant is an object in the tenant's namespace, which a commit may change: its path,
its interval, and the account that it names.
"""

import contextlib
from collections.abc import Iterator

from conformance.api import Control, Scenario, Subject, check, expect, given, given_that, object_until, pick


@check(
    "C27",
    control=Control.DEFAULT_SERVICE_ACCOUNT,
    kills=["M03-kustomize", "M04"],
    source="catalogue C27; pkg/ssa@v0.76.1/errors/errors.go:72, pkg/runtime@v0.110.1/client/impersonator.go:230",
    signal='Ready=False/ReconciliationFailed "ConfigMap/shared-b/c27-loot dry-run failed (Forbidden)"; it is absent',
    long=True,
)
def test_c27_own_sync(scenario: Scenario) -> None:
    """Commit the sync anew, without an account and with another path."""
    platform, sync = scenario.platform, scenario.existing("Kustomization/c27-a", "c27-a")
    # Allowed path first: the sync that the platform made works.
    given(sync).becomes_ready()

    edited = scenario["Kustomization/c27-a"]
    with _restored(scenario, sync), scenario.committed("c27-a", edited):
        path = pick(edited.manifest, "spec", "path")
        _, changed = object_until(
            platform.client,
            sync.ref,
            lambda state: bool(pick(state, "spec", "path") == path),
            timeout_s=platform.timeouts.reconciled,
        )
        given_that(changed, "the tenant's commit changes its sync")
        # The reconciliation that applies the change ends with Ready, for the old path, and takes the first request for
        # its own: the second asks for one that began after it.
        scenario.reconcile(sync.ref)
        scenario.reconcile(sync.ref)
        user = platform.tenant_user("c27-a")
        expect(sync).is_denied(
            reason="ReconciliationFailed",
            message=(
                "ConfigMap/shared-b/c27-loot dry-run failed (Forbidden)",
                f'User "{user}" cannot patch resource "configmaps"',
            ),
        )
        expect(sync).leaves_no_trace("ConfigMap/c27-loot", namespace="shared-b")


@contextlib.contextmanager
def _restored(scenario: Scenario, sync: Subject) -> Iterator[None]:
    """Put the sync back as the fleet made it, under the field manager that made it, once the commit is undone.

    Made anew, and suspended before: an inventory that names the victim's object could be pruned by nobody.
    """
    client = scenario.platform.client
    live = sync.live() or {}
    kept = {key: live["metadata"][key] for key in ("name", "namespace", "labels")}
    fleets = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": kept, "spec": live["spec"]}
    try:
        yield
    finally:
        scenario.reconcile(scenario.existing("GitRepository/c27-a", "c27-a").ref)
        client.patch(sync.ref, {"spec": {"suspend": True}})
        client.delete_if_exists(sync.ref)
        scenario.wait_gone(sync.ref)
        client.apply(fleets, manager="kustomize-controller")
        given(sync).becomes_ready()
