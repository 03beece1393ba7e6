"""B14: a chart of a tenant cannot come from Git, where its dependencies come from anywhere.

Chart.yaml names repositories that are not part of any object. A packaged chart brings its dependencies along.
"""

from conformance.api import Control, Level, Scenario, check, expect, given, given_that


@check(
    "B14",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B14, finding 7; source-controller@v1.9.3/internal/controller/helmchart_controller.go:1000",
    signal='403 "charts in tenant namespaces come from a HelmRepository or OCIRepository"; the HelmChart is absent',
)
def test_b14_chart_dependency(scenario: Scenario) -> None:
    """Submit a HelmChart from a Git repository, whose chart depends on the disallowed organisation."""
    # Allowed path first: the chart of the same name from a permitted Helm repository. And the dependency is alive:
    # where no tenant lives the chart is built with it.
    given(scenario["HelmChart/b14-own"]).becomes_ready()
    given(scenario["default", "HelmChart/b14-elsewhere"]).becomes_ready()
    given_that(scenario.requests("/charts/evil/index.yaml"), "the dependency was not looked for")

    answer = scenario["HelmChart/b14-evil"].submit()
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "charts in tenant namespaces come from"))
    expect(answer).leaves_no_trace("HelmChart/b14-evil", namespace="shared-a")
