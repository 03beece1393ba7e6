"""J03: CVE-2022-24877 stays fixed: a build does not follow a path out of its artifact.

The advisory's way was a generator that read the controller's files. Patches and bases name paths too, and are loaded
by other code. An outside file that is opened shows even where the build then fails on what is in it.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, describe, expect, expect_none, given

# What kustomize says once it has opened the outside path.
OPENED = {
    "env-file": "Ready=True",
    "patch-file": "unable to parse SM or JSON patch",
    "base-directory": "is a directory",
}


@check(
    "J03",
    level=Level.CORE,
    control=Control.SECURE_FILE_SYSTEM,
    kills=["M30-insecure-fs", "M69-insecure-directories"],
    spec="https://github.com/advisories/GHSA-j77r-2fxf-5jrw",
    source="catalogue J03; pkg/kustomize@v1.35.3 filesys/fs_secure.go:249",
    signal='Ready=False/BuildFailed "fs-security-constraint read", "is not in or below"; the Secret is absent',
)
@pytest.mark.parametrize("vector", OPENED)
def test_path_traversal(scenario: Scenario, vector: str) -> None:
    attack = scenario[f"Kustomization/j03-{vector}"]

    # An env file, a patch and a base, all of them inside.
    given(scenario["Kustomization/j03-inside"]).becomes_ready()

    state = describe(given(attack).is_judged(reason="BuildFailed"))
    opened = [state] if OPENED[vector] in state else []
    expect_none(scenario, opened, "the build opened a path outside", wanted="not opened")

    expect(attack).is_denied(reason="BuildFailed", message=("fs-security-constraint read", "is not in or below"))
    expect(attack).leaves_no_trace("Secret/j03-loot", namespace="shared-a")
