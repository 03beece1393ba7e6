"""G20: the path of a chart does not lead out of its source.

source-controller unpacks the source and loads the chart from a folder in it. One outside would be packed, and given to
the tenant as a chart of its own.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick

UP = "../" * 32


@check(
    "G20",
    level=Level.CORE,
    control=Control.CHART_PATHS,
    kills=["M48-chart-path-escape"],
    source="catalogue G20; source-controller@v1.9.3 internal/helm/chart/builder_local.go:79",
    signal='Ready=False/InvalidChartReference "invalid chart reference: stat"; the HelmChart has no artifact',
    needs=[Capability.FLUX_PROCESSES],
)
def test_chart_path(scenario: Scenario) -> None:
    outside = scenario["HelmChart/g20-outside-chart"]

    given(scenario["HelmChart/g20-inside"]).becomes_ready()

    # What the path leads to is there, on the controller's disk, and a chart.
    content = scenario.repository("shared-a").folder / "attacks" / "g20" / "outside"
    folder = scenario.lay_beside("source-controller", content, "g20-outside")
    given(outside.with_fields({"spec.chart": f"./{UP}{folder.lstrip('/')}"}).submit()).is_admitted()

    denied = expect(outside).is_denied(reason="InvalidChartReference", message=("invalid chart reference", "stat"))
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(artifact is None, f"{outside.ref} has an artifact", wanted="no artifact", observed=str(artifact))
    packed = [
        line for line in scenario.log_lines("source-controller", '"name":"g20-outside-chart"') if "packaged" in line
    ]
    expect_that(not packed, f"{outside.ref} was packed", wanted="nothing packed", observed=str(packed))
