"""J04: CVE-2022-24878 stays fixed: a build that goes round in circles ends, and ends with an error.

One tenant's endless recursion would hold the build that all tenants share, or end the controller. So the other
Kustomization of the same tenant must still be reconciled afterwards.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "J04",
    level=Level.CORE,
    control=Control.BUILD_CYCLES,
    kills=["M41-cycles-ignored"],
    spec="https://github.com/advisories/GHSA-7pwf-jg34-hxwp",
    source="catalogue J04; kustomize/api@v0.21.1 internal/loader/fileloader.go:263",
    signal='Ready=False/BuildFailed "cycle detected: candidate root"; another is reconciled; no ConfigMap',
)
@pytest.mark.parametrize("circle", ["itself", "pair"])
def test_endless_build(scenario: Scenario, circle: str) -> None:
    attack, beside = scenario[f"Kustomization/j04-{circle}"], scenario["Kustomization/j04-inside"]
    given(beside).becomes_ready()

    expect(attack).is_denied(reason="BuildFailed", message=("cycle detected: candidate root", "contains visited root"))
    scenario.reconcile(beside.ref)
    expect(beside).becomes_ready()
    expect(attack).leaves_no_trace(f"ConfigMap/j04-{circle}-loot", namespace="shared-a")
