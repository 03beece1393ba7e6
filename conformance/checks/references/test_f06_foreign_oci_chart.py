"""F06: a tenant cannot install a chart from another tenant's OCIRepository.

chartRef takes the source's artifact as it is. The victim may have fetched it with a credential that the attacker lacks.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F06",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-helm"],
    source="catalogue F06; helm-controller@v1.6.2 internal/acl/acl.go:36",
    signal='Ready=False/AccessDenied "cannot access OCIRepository shared-b/f06-chart", Stalled; '
    "the ConfigMap is absent",
)
def test_foreign_oci_chart(scenario: Scenario) -> None:
    foreign = scenario["HelmRelease/f06-foreign"]

    given(scenario["OCIRepository/f06-chart"]).becomes_ready()
    given(scenario["HelmRelease/f06-victim"]).becomes_ready()

    expect(foreign).is_denied(
        reason="AccessDenied",
        message="cross-namespace references are not allowed: cannot access OCIRepository shared-b/f06-chart",
        stalled=True,
    )
    expect(foreign).leaves_no_trace("ConfigMap/f06-loot", namespace="shared-a")
