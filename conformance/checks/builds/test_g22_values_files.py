"""G22: a chart's values files do not lie outside of its source.

source-controller merges the files of valuesFiles into the packed chart, where the tenant reads them: a file of the
controller would be handed out.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, expect_that, given, pick

UP = "../" * 32


@check(
    "G22",
    level=Level.CORE,
    control=Control.CHART_PATHS,
    kills=["M50-values-file-escape"],
    source="catalogue G22; source-controller@v1.9.3 internal/helm/chart/builder_local.go:206",
    signal='Ready=False "no values file found at path"; the HelmChart has no artifact',
    needs=[Capability.FLUX_PROCESSES],
)
def test_values_files(scenario: Scenario) -> None:
    escaping = scenario["HelmChart/g22-escaping"]

    given(scenario["HelmChart/g22-inside"]).becomes_ready()

    # What the path leads to is there, on the controller's disk, and a file of values.
    content = scenario.repository("shared-a").folder / "attacks" / "g22"
    folder = scenario.lay_beside("source-controller", content, "g22-outside")
    file = f"{folder}/outside.yaml"
    given(escaping.with_fields({"spec.valuesFiles.0": f"{UP}{file.lstrip('/')}"}).submit()).is_admitted()

    denied = expect(escaping).is_denied(reason="ValuesFilesError", message="no values file found at path")
    artifact = pick(denied, "status", "artifact", "url")
    expect_that(artifact is None, f"{escaping.ref} has an artifact", wanted="no artifact", observed=str(artifact))
    packed = [line for line in scenario.log_lines("source-controller", '"name":"g22-escaping"') if "packaged" in line]
    expect_that(not packed, f"{escaping.ref} was packed", wanted="nothing packed", observed=str(packed))
