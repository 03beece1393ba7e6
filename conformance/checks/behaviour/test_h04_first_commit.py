"""H04: a tenant's very first commit is judged by the policies.

The label that the policies select on must come with the namespace. Set later, it leaves a tenant a moment in which
every address is permitted, and a source that was admitted then goes on.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "H04",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue H04; pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed "dry-run failed (Forbidden)" and the policy\'s text; '
    "source and sibling are absent",
    long=True,
)
def test_h04_first_commit(scenario: Scenario) -> None:
    """Bring in two tenants, one of which has a refused source in its repository from the start."""
    given(scenario["Kustomization/shared-a"]).contains_wanted()
    fleet = scenario.fleet_branch()
    fleet.write_tenant("h04-own", like="shared-a", path="./attacks/h04/own")
    fleet.write_tenant("h04-new", like="shared-a", path="./attacks/h04/evil")
    fleet.commit("add two tenants")
    fleet.sync("tenants")
    for name in ("h04-own", "h04-new"):
        fleet.welcome(name)

    # Allowed path first: new tenants are served.
    given(scenario.existing("Kustomization/h04-own", "h04-own")).becomes_ready()
    evil = scenario.existing("Kustomization/h04-new", "h04-new")
    expect(evil).is_denied(
        reason="ReconciliationFailed",
        message=("GitRepository/h04-new/h04-evil dry-run failed (Forbidden)", scenario.denial("sources")),
    )
    expect(evil).leaves_no_trace("GitRepository/h04-evil", namespace="h04-new")
    expect(evil).leaves_no_trace("ConfigMap/h04-sibling", namespace="h04-new")
