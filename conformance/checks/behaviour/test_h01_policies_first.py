"""H01: the admission policies stand before any tenant's namespace does.

A tenant that comes first has a moment in which nothing is refused, and what it makes then stays.
"""

from conformance.api import Capability, Control, Scenario, check, expect, expect_that, given_that, pick

BINDING = "ValidatingAdmissionPolicyBinding"


@check(
    "H01",
    control=Control.POLICIES_FIRST,
    kills=["M12", "M70-no-wait"],
    # A cluster that lives on gets new policies after its tenants: ages tell the order of a run's own platform alone.
    needs=[Capability.REPOSITORIES],
    spec="https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    source="catalogue H01; kustomize-controller@v1.9.3/internal/controller/kustomization_controller.go:243",
    signal="spec.dependsOn names policies; "
    "each binding's creationTimestamp is not after that of any tenant's Namespace",
)
def test_h01_policies_first(scenario: Scenario) -> None:
    """Read the order of the platform's Kustomizations, and who was born when."""
    expect(scenario["Kustomization/policies"]).contains_wanted()
    expect(scenario["Kustomization/tenants"]).contains_wanted()

    client, platform = scenario.platform.client, scenario.platform
    label = "kustomize.toolkit.fluxcd.io/name=policies"
    bindings = client.objects("admissionregistration.k8s.io/v1", BINDING, labels=label)
    given_that(bindings, "the Kustomization policies has made no binding")
    last = max(pick(binding, "metadata", "creationTimestamp") for binding in bindings)
    for name in (*platform.tenants.values(), *platform.probes):
        namespace = scenario.existing(f"Namespace/{name}", "")
        born = pick(namespace.live(), "metadata", "creationTimestamp")
        given_that(born, f"{namespace.ref} is not there")
        expect_that(
            last <= born, f"{namespace.ref} was there before a policy", wanted=f"{last} or later", observed=born
        )
