"""G17: spec.path of a Kustomization does not lead out of the artifact.

The path is joined to the artifact's folder before any build. One that climbs must end at the artifact's own root, where
there is no such folder.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, given

UP = "../" * 32


@check(
    "G17",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M40-path-escape"],
    source="catalogue G17; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:371",
    signal='Ready=False/ArtifactFailed "kustomization path not found"; the ConfigMap is absent',
    needs=[Capability.FLUX_PROCESSES],
    long=True,
)
def test_spec_path(scenario: Scenario) -> None:
    outside = scenario["Kustomization/g17-outside"]

    given(scenario["Kustomization/g17-inside"]).becomes_ready()

    # What the path leads to is there, on the controller's disk: a clone of the tenant's own repository.
    content = scenario.repository("shared-a").folder / "attacks" / "g17" / "outside"
    folder = scenario.lay_beside("kustomize-controller", content, "g17-outside")
    given(outside.with_fields({"spec.path": f"./{UP}{folder.lstrip('/')}"}).submit()).is_admitted()

    expect(outside).is_denied(reason="ArtifactFailed", message="kustomization path not found")
    expect(outside).leaves_no_trace("ConfigMap/g17-loot", namespace="shared-a")
