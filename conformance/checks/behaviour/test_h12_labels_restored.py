"""H12: labels that a tenant's namespace has lost come back with the fleet's next reconciliation.

The policies select on one of them, Pod Security on another. Whoever got them off must not have done it for good.
"""

from conformance.api import Control, Scenario, check, expect_none, given, given_that, object_until, pick

POD_SECURITY = "pod-security.kubernetes.io/"


@check(
    "H12",
    control=Control.LOCKDOWN_IN_GIT,
    kills=["M79-tenants-if-not-present"],
    source="catalogue H12; pkg/ssa@v0.76.1/manager_apply.go:206",
    signal="the tenant label, the Pod Security labels and the owner's label are back",
    long=True,
)
def test_h12_labels_restored(scenario: Scenario) -> None:
    """Take every label off as an apply in Flux's own name would, and reconcile."""
    platform, namespace = scenario.platform, scenario["Namespace/h12-new"]
    given(scenario["Kustomization/shared-a"]).contains_wanted()
    fleet = scenario.fleet_branch()
    fleet.write_tenant("h12-new", like="shared-a", path="./attacks/h12")
    head = fleet.commit("add a tenant")
    sync = fleet.sync("tenants")
    given(scenario["Kustomization/h12-tenants"]).becomes_ready(message=f"@{head}")
    fleet.tenants_made()
    wanted = _labels(scenario)
    applier = platform.writer.applier
    isolating = {platform.fleet.profile.tenant_label, f"{POD_SECURITY}enforce", applier.owner_label}
    given_that(isolating <= set(wanted), "the fleet gave the namespace no labels", observed=str(wanted))

    # The field manager that set the labels applies the namespace without them: they go.
    platform.client.apply(namespace.manifest, manager=applier.manager)
    given_that(not isolating & set(_labels(scenario)), "the labels stayed", observed=str(_labels(scenario)))
    scenario.reconcile(fleet.tenants_by(sync))
    object_until(
        platform.client, namespace.ref, lambda _: _labels(scenario) == wanted, timeout_s=platform.timeouts.hold_window
    )
    live = _labels(scenario)
    other = sorted(set(wanted.items()) ^ set(live.items()))
    expect_none(scenario, other, f"{namespace.ref} lacks labels", wanted=str(wanted), observed=str(live))


def _labels(scenario: Scenario) -> dict[str, str]:
    return dict(pick(scenario["Namespace/h12-new"].live(), "metadata", "labels") or {})
