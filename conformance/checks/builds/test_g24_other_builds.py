"""G24: a build does not read the files of another build.

kustomize clones remote bases into folders beside the artifacts. Where remote bases are allowed, every build may read in
such folders, whoever's they are: the flag is what closes them.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, given

UP = "../" * 32


@check(
    "G24",
    level=Level.CORE,
    control=Control.NO_REMOTE_BASES,
    kills=["M02", "M31-remote-components", "M69-insecure-directories"],
    source="catalogue G24; pkg/kustomize@v1.35.3 filesys/fs_secure.go:67",
    signal='Ready=False/BuildFailed "accumulating components ... fs-security-constraint"; the ConfigMap is absent',
    needs=[Capability.FLUX_PROCESSES],
    long=True,
)
def test_other_builds(scenario: Scenario) -> None:
    other = scenario["Kustomization/g24-other"]

    given(scenario["Kustomization/g24-own"]).becomes_ready()

    # As kustomize names its clones, and with a component in it that can be built.
    content = scenario.repository("shared-a").folder / "attacks" / "g24" / "other"
    folder = scenario.lay_beside("kustomize-controller", content, "kustomize-g24")
    given(other.with_fields({"spec.components.0": f"{UP}{folder.lstrip('/')}"}).submit()).is_admitted()

    expect(other).is_denied(reason="BuildFailed", message=("accumulating components", "fs-security-constraint"))
    expect(other).leaves_no_trace("ConfigMap/g24-loot", namespace="shared-a")
