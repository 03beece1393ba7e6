"""F24: a HelmChart cannot name another namespace for its source.

source-controller has no check on namespaces for charts: that the API has no such field is what keeps them apart.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F24",
    level=Level.CORE,
    control=Control.CHART_SCHEMA,
    kills=["M92-chart-namespace"],
    source="catalogue F24; source-controller@v1.9.3 api/v1/helmchart_types.go, LocalHelmChartSourceReference",
    signal='400 unknown field "spec.sourceRef.namespace"; the HelmChart is absent',
)
def test_chart_namespace(scenario: Scenario) -> None:
    given(scenario["HelmChart/f24-own"]).becomes_ready()

    expect(scenario["HelmChart/f24-foreign"].submit()).is_refused(
        status=400, message='unknown field "spec.sourceRef.namespace"'
    )
