"""G19: a base that leads back to itself ends its own build, and nobody else's.

A build that ran in circles would keep a worker of kustomize-controller, and builds run one at a time: one tenant would
stop all.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given

LOOT = {"self": "g19-loot-self", "mutual": "g19-loot-a"}


@check(
    "G19",
    level=Level.CORE,
    control=Control.BUILD_CYCLES,
    kills=["M41-cycles-ignored"],
    source="catalogue G19; kustomize/api@v0.21.1 internal/loader/fileloader.go, errIfGitContainmentViolation",
    signal='Ready=False/BuildFailed "cycle detected: candidate root"; the ConfigMap is absent; '
    "another build is Ready=True",
)
@pytest.mark.parametrize("cycle", LOOT)
def test_cycle(scenario: Scenario, cycle: str) -> None:
    attack, other = scenario[f"Kustomization/g19-{cycle}"], scenario["Kustomization/g19-plain"]

    given(other).becomes_ready()

    expect(attack).is_denied(reason="BuildFailed", message="cycle detected: candidate root")
    expect(attack).leaves_no_trace(f"ConfigMap/{LOOT[cycle]}", namespace="shared-a")

    # The controller still builds.
    scenario.reconcile(other.ref)
    expect(other).becomes_ready()
