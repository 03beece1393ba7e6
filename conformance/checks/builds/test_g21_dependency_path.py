"""G21: a chart's local dependency does not lie outside of its source.

file:// in Chart.yaml names a folder beside the chart, which source-controller packs into it. One outside would come
along.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick


@check(
    "G21",
    level=Level.CORE,
    control=Control.CHART_PATHS,
    kills=["M49-chart-dependency-escape"],
    source="catalogue G21; source-controller@v1.9.3 internal/helm/chart/dependency_manager.go:302",
    signal="Ready=False \"failed to add local dependency 'part': no chart found at\"; the HelmChart has no artifact",
    needs=[Capability.FLUX_PROCESSES],
)
def test_dependency_path(scenario: Scenario) -> None:
    escaping = scenario["HelmChart/g21-escaping"]

    # What the path leads to is there, on the controller's disk, and a chart: a copy of the charts' repository.
    pushed = scenario.platform.folder / "ground" / "fixtures" / "chart-paths"
    scenario.lay_beside("source-controller", pushed, "chart-paths")
    given(scenario["HelmChart/g21-inside"]).becomes_ready()

    denied = expect(escaping).is_denied(
        reason="DependencyBuildError", message=("failed to add local dependency 'part'", "no chart found at")
    )
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(artifact is None, f"{escaping.ref} has an artifact", wanted="no artifact", observed=str(artifact))
    packed = [line for line in scenario.log_lines("source-controller", '"name":"g21-escaping"') if "packaged" in line]
    expect_that(not packed, f"{escaping.ref} was packed", wanted="nothing packed", observed=str(packed))
