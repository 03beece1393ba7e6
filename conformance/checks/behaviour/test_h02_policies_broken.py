"""H02: while the policies cannot be applied, no tenant is brought in.

A platform that goes on without its policies has tenants that nothing restrains, and what they make stays.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "H02",
    control=Control.POLICIES_FIRST,
    kills=["M12"],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    source="catalogue H02; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:243",
    signal="Ready=False/DependencyNotReady \"dependency 'flux-system/h02-policies' is not ready\"; no namespace",
    long=True,
)
def test_h02_policies_broken(scenario: Scenario) -> None:
    """Break a policy on a branch of the fleet that also has a new tenant."""
    policy = scenario["ValidatingAdmissionPolicy/h02-broken"]
    fleet = scenario.fleet_branch()
    fleet.write("policies/h02-broken.yaml", policy.manifest)
    fleet.write("tenants/h02-new.yaml", scenario["Namespace/h02-new"].manifest)
    fleet.commit("break a policy, add a tenant")
    policies = fleet.sync("policies")
    tenants = scenario.existing("Kustomization/h02-tenants", fleet.sync("tenants").namespace)

    given(scenario["Kustomization/h02-policies"]).is_denied(
        reason="ReconciliationFailed", message="ValidatingAdmissionPolicy/h02-broken dry-run failed"
    )
    expect(tenants).is_denied(
        reason="DependencyNotReady", message=f"dependency '{policies.namespace}/{policies.name}' is not ready"
    )
    expect(tenants).leaves_no_trace("Namespace/h02-new")

    # Allowed path last, since it is the same object: nothing but the policy held the tenants back.
    fleet.write("policies/h02-broken.yaml", policy.with_fields({"spec.validations.0.expression": "true"}).manifest)
    fleet.commit("mend the policy")
    given(tenants).becomes_ready()
