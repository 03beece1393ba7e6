"""F01: a tenant cannot reconcile from another tenant's GitRepository.

The two objects differ in one field, the namespace that they live in. What the victim may do with its own source, the
attacker may not: a private repository would otherwise be an open book to whoever knows the name of its source.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "F01",
    level=Level.CORE,
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-kustomize"],
    source="catalogue F01; kustomize-controller@v1.9.3 internal/controller/kustomization_controller.go:680",
    signal='Ready=False/AccessDenied "cross-namespace references have been blocked", Stalled; the ConfigMap is absent',
)
def test_foreign_git_source(scenario: Scenario) -> None:
    victim = scenario["Kustomization/f01-victim"]
    foreign = scenario["Kustomization/f01-foreign"]

    # Allowed path first: the source lives, and holds what the attacker wants.
    given(victim).becomes_ready()

    expect(foreign).is_denied(
        reason="AccessDenied",
        message=("GitRepository/shared-b/shared-b", "cross-namespace references have been blocked"),
        stalled=True,
    )
    expect(foreign).leaves_no_trace("ConfigMap/f01-loot", namespace="shared-a")
