"""H07: a further tenant is brought in by one commit, and the others do not notice.

What a tenant has must come from the fleet alone; if bringing one in changed another's namespace, rights or sync, every
new tenant would be a risk for all.
"""

from conformance.api import Control, Scenario, check, expect, expect_that, given, given_that, pick

SOURCES = ("GitRepository", "OCIRepository")
KINDS = ("Namespace", "ServiceAccount", "RoleBinding", "ResourceQuota", "LimitRange", *SOURCES, "Kustomization")


@check(
    "H07",
    control=Control.PLATFORM_SERVICE_ACCOUNT,
    kills=["M13"],
    source="catalogue H07; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:541",
    signal="Ready=True of the new tenant's sync; uid, spec and labels of the other tenant's objects are as before",
    long=True,
)
def test_h07_second_tenant(scenario: Scenario) -> None:
    """Commit a tenant, with an SSH address where they are permitted, and follow it to its first object."""
    given(scenario["Kustomization/shared-a"]).contains_wanted()
    (tenant, namespace), *_ = scenario.platform.tenants.items()
    before = _state(scenario, tenant, namespace)
    fleet = scenario.fleet_branch()
    fleet.write_tenant("h07-new", like="shared-a", path="./attacks/h07", ssh=True)
    head = fleet.commit("add a tenant")
    fleet.sync("tenants")

    expect(scenario["Kustomization/h07-tenants"]).becomes_ready(
        message=f"@{head}", timeout_s=scenario.platform.timeouts.reconciled
    )
    fleet.welcome("h07-new")
    expect(scenario.existing("Kustomization/h07-new", "h07-new")).becomes_ready(message="Applied revision: main@sha1:")
    expect_that(
        scenario.existing("ConfigMap/h07-made", "h07-new").live(),
        "h07-made is absent",
        wanted="present",
        observed="absent",
    )
    after = _state(scenario, tenant, namespace)
    changed = [label for label, state in before.items() if after.get(label) != state]
    expect_that(not changed, f"tenant {tenant} was changed", wanted="nothing", observed=", ".join(changed))


def _state(scenario: Scenario, tenant: str, namespace: str) -> dict[str, object]:
    """Return what the fleet gave a tenant, without status and what counts versions."""
    labels = f"{scenario.platform.fleet.profile.tenant_label}={tenant}"
    found: dict[str, object] = {}
    for kind in KINDS:
        version = scenario.existing(f"{kind}/any", namespace).ref.api_version
        where = "" if kind == "Namespace" else namespace
        for one in scenario.platform.client.objects(version, kind, namespace=where, labels=labels):
            parts = ("uid", "labels", "generation")
            found[f"{kind}/{one['metadata']['name']}"] = [
                *(pick(one, "metadata", part) for part in parts),
                {key: value for key, value in one.items() if key not in ("metadata", "status")},
            ]
    given_that(found, f"tenant {tenant} has no objects with the tenant label")
    return found
