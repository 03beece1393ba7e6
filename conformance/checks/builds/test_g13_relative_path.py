"""G13: a build does not read a file above its artifact.

The same harm as by an absolute path, by a path that climbs: a guard that compares texts would miss it.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "G13",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M30-insecure-fs", "M69-insecure-directories"],
    source="catalogue G13; pkg/kustomize@v1.35.3 filesys/fs_secure.go:216",
    signal='Ready=False/BuildFailed "fs-security-constraint read ... /etc/passwd"; the ConfigMap is absent',
)
def test_relative_path(scenario: Scenario) -> None:
    outside = scenario["Kustomization/g13-outside"]

    given(scenario["Kustomization/g13-inside"]).becomes_ready()

    expect(outside).is_denied(
        reason="BuildFailed", message=("fs-security-constraint read", "/etc/passwd", "is not in or below")
    )
    expect(outside).leaves_no_trace("ConfigMap/g13-loot", namespace="shared-a")
