"""F07: a tenant cannot install from another tenant's HelmChart.

A HelmChart holds a chart that was fetched already, perhaps with a credential. chartRef names it directly, past the
HelmRepository that F05 is about.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F07",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-helm"],
    source="catalogue F07; helm-controller@v1.6.2 internal/controller/helmrelease_controller.go, getSource",
    signal='Ready=False/AccessDenied "cannot access HelmChart shared-b/f07-chart", Stalled; the ConfigMap is absent',
)
def test_foreign_chart(scenario: Scenario) -> None:
    foreign = scenario["HelmRelease/f07-foreign"]

    given(scenario["HelmChart/f07-chart"]).becomes_ready()
    given(scenario["HelmRelease/f07-victim"]).becomes_ready()

    expect(foreign).is_denied(
        reason="AccessDenied",
        message="cross-namespace references are not allowed: cannot access HelmChart shared-b/f07-chart",
        stalled=True,
    )
    expect(foreign).leaves_no_trace("ConfigMap/f07-loot", namespace="shared-a")
