"""G08: a build does not take a base from a repository on the controller's own disk.

file:// is an address for git, and a way to whatever lies beside the controller. The fetch itself happens, as with G01:
what is fetched must not be built.
"""

from conformance.api import Capability, Control, Level, Scenario, check, expect, given, pick, ref_to

ATTACK = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: remote-
resources:
  - file://{folder}//attacks/g08/local/base?ref=main
"""


@check(
    "G08",
    level=Level.CORE,
    control=Control.NO_REMOTE_BASES,
    kills=["M02", "M31-remote-components", "M69-insecure-directories"],
    source="catalogue G08; pkg/kustomize@v1.35.3 filesys/fs_secure.go:173",
    signal='Ready=False/BuildFailed "fs-security-constraint abs", "is not in or below"; the ConfigMap is absent',
    needs=[Capability.FLUX_PROCESSES],
)
def test_file_scheme(scenario: Scenario) -> None:
    source, remote = scenario["GitRepository/g08-source"], scenario["Kustomization/g08-remote"]

    repository = scenario.repository("g08-a")
    folder = scenario.lay_beside("kustomize-controller", repository.folder, "g08-a")
    repository.write("attacks/g08/remote/kustomization.yaml", ATTACK.format(folder=folder))
    repository.commit("Add a base on the controller's disk")
    sync = scenario.platform.client.get(ref_to("GitRepository/g08-a", "g08-a"))
    credential = {"spec.secretRef.name": pick(sync, "spec", "secretRef", "name")}
    given(source.with_fields(credential).submit()).is_admitted()
    given(source).becomes_ready()
    given(scenario["Kustomization/g08-local"]).becomes_ready()

    expect(remote).is_denied(reason="BuildFailed", message=("fs-security-constraint abs", "is not in or below"))
    expect(remote).leaves_no_trace("ConfigMap/remote-g08-local", namespace="g08-a")
