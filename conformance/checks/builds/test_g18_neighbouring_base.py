"""G18: a build may take a base from another folder of its artifact.

The other half of G12 to G15: a file system that ended at the built folder would look just as safe, and break the usual
layout of bases and overlays.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_that, ref_to


@check(
    "G18",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M46-narrow-root"],
    source="catalogue G18; pkg/kustomize@v1.35.3 kustomize_generator.go:661",
    signal="Ready=True, and the ConfigMap of the base is there",
)
def test_neighbouring_base(scenario: Scenario) -> None:
    built = scenario["Kustomization/g18-built"]

    expect(built).becomes_ready()
    made = scenario.platform.client.find(ref_to("ConfigMap/from-g18-good", "shared-a"))
    expect_that(made, "the base was not built", wanted="ConfigMap/from-g18-good", observed="not there")
