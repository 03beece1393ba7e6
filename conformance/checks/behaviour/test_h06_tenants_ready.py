"""H06: every tenant of the fleet runs what its repository says.

A platform that denies everything would pass every attack: what a tenant may do must work, from the fleet's sync to
the tenant's release.
"""

from conformance.api import Capability, Control, Scenario, check, eventually, expect, expect_none, given, pick

REVISIONS = {"GitRepository": "main@sha1:", "OCIRepository": "latest@sha256:"}
"""How the revision of a source begins."""


@check(
    "H06",
    control=Control.TENANT_ROLE_BINDING,
    kills=["M20-binding", "M80-other-overlay"],
    needs=[Capability.REPOSITORIES],
    source="catalogue H06; helm-controller@v1.6.2/internal/reconcile/install.go:139",
    signal='Ready=True "Applied revision: main@sha1:" and Ready=True/InstallSucceeded for each tenant',
)
def test_h06_tenants_ready(scenario: Scenario) -> None:
    """Follow the chain: the platform's Kustomizations, each tenant's sync, each tenant's release."""
    given(scenario["Kustomization/tenants"]).contains_wanted()
    platform, flux = scenario.platform, scenario.platform.flux_namespace
    eventually(
        lambda: scenario.unready_syncs(flux) or not scenario.unready_syncs(flux, busy=True),
        bool,
        timeout_s=platform.timeouts.reconciled,
        what="the platform's Kustomizations are Ready, or failed",
    )
    unready = scenario.unready_syncs(flux)
    expect_none(scenario, unready, "the platform's Kustomizations are not ready", wanted="Ready=True")

    for tenant, namespace in platform.tenants.items():
        sync = scenario.existing(f"Kustomization/{tenant}", namespace)
        kind = pick(sync.live(), "spec", "sourceRef", "kind")
        expect(sync).becomes_ready(
            message=f"Applied revision: {REVISIONS.get(str(kind), '')}", timeout_s=platform.timeouts.reconciled
        )
        expect(scenario.existing("HelmRelease/podinfo", namespace)).becomes_ready(
            reason="InstallSucceeded", message=f"Helm install succeeded for release {namespace}/podinfo.v1"
        )
