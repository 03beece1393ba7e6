"""C35: a tenant runs an application of its own in its namespace, from Git.

A lockdown that stops tenants from working is switched off by the first who needs to deliver.
"""

from conformance.api import Control, Scenario, check, expect, expect_none, object_until, pick


@check(
    "C35",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M11-quota-nothing", "M20-binding"],
    source="catalogue C35; docs/adr/0011; fleet-repo/policies/base/tenant-role.yaml",
    signal="Ready=True/ReconciliationSucceeded; each object bears the Kustomization's label; the Deployment runs",
)
def test_c35_own_namespace(scenario: Scenario) -> None:
    """Apply what an ordinary application consists of, and wait until it runs."""
    expect(scenario["Kustomization/c35-app"]).becomes_ready(reason="ReconciliationSucceeded")
    for subject in scenario.subjects:
        if subject.planned.use == "wanted":
            expect(subject).contains_wanted()
    # Applied is not yet running: quota and Pod Security have their say on Pods.
    app, timeout = scenario["Deployment/c35-app"], scenario.platform.timeouts.health_checked
    running = lambda state: bool(pick(state, "status", "readyReplicas"))  # noqa: E731
    state, runs = object_until(scenario.platform.client, app.ref, running, timeout_s=timeout)
    idle = [] if runs else [f"{pick(state, 'status', 'readyReplicas') or 0} ready replicas"]
    expect_none(scenario, idle, f"{app.ref} does not run", wanted="1 ready replica")
