"""F03: a tenant may name its own namespace in sourceRef.

The other half of F01 and F02: a lockdown that refused every reference with a namespace would look just as safe, and
break tenants who spell it out.
"""

from conformance.api import Control, Level, Scenario, check, expect


@check(
    "F03",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M90-named-namespaces"],
    source="catalogue F03; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:680",
    signal="the Kustomization is admitted and Ready=True",
)
def test_own_namespace_named(scenario: Scenario) -> None:
    own = scenario["Kustomization/f03-own"]

    expect(own.submit()).is_admitted()
    expect(own).becomes_ready()
