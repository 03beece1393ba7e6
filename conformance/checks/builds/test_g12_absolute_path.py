"""G12: a build does not read a file by its absolute path.

The controller's file system holds its token, and the artifacts of other tenants while they are built.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "G12",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M30-insecure-fs", "M69-insecure-directories"],
    source="catalogue G12; pkg/kustomize@v1.35.3 filesys/fs_secure.go:216",
    signal='Ready=False/BuildFailed "fs-security-constraint read /etc/passwd"; the ConfigMap is absent',
)
def test_absolute_path(scenario: Scenario) -> None:
    outside = scenario["Kustomization/g12-outside"]

    given(scenario["Kustomization/g12-inside"]).becomes_ready()

    expect(outside).is_denied(
        reason="BuildFailed", message=("fs-security-constraint read /etc/passwd", "is not in or below")
    )
    expect(outside).leaves_no_trace("ConfigMap/g12-loot", namespace="shared-a")
