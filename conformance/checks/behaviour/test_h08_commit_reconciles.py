"""H08: a tenant's commit is applied.

The tenant's only way to act is its repository; a platform that stops listening has locked its tenants out.
"""

import secrets

from conformance.api import Control, Scenario, check, expect


@check(
    "H08",
    control=Control.TENANT_SYNC,
    kills=["M21-suspended"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/",
    source="catalogue H08; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:541",
    signal='Ready=True "Applied revision: main@sha1:<the commit>"; the ConfigMap has the committed value',
)
def test_h08_commit_reconciles(scenario: Scenario) -> None:
    """Commit a ConfigMap with a new value, and wait for that commit and that value."""
    commit = scenario["ConfigMap/h08-commit"].with_fields({"data.value": secrets.token_hex(8)})
    with scenario.committed("h08-a", commit) as head:
        expect(scenario["Kustomization/h08-a"]).becomes_ready(
            message=f"Applied revision: main@sha1:{head}", timeout_s=scenario.platform.timeouts.reconciled
        )
        expect(commit).contains_wanted()
