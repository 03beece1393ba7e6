"""B42: a commit with a refused source is refused as a whole, and says why.

Through Git the policy meets kustomize-controller, not the tenant. The tenant must read the reason in its Kustomization,
nothing else of the commit may be applied, and the tenant's other Kustomizations must go on.
"""

from conformance.api import Control, Scenario, check, expect, given


@check(
    "B42",
    control=Control.SOURCE_POLICY,
    kills=["M05-sources", "M06-wide"],
    source="catalogue B42; pkg/ssa@v0.76.1/errors/errors.go:72",
    signal='Ready=False/ReconciliationFailed "dry-run failed (Forbidden)" and the policy\'s text; '
    "source and sibling are absent",
)
def test_b42_denial_by_git(scenario: Scenario) -> None:
    """Reconcile a commit that holds a refused source and a ConfigMap."""
    # Allowed path first: the same commit with a permitted source. It also shows that the tenant's other Kustomizations
    # are not drawn into the denial.
    given(scenario["Kustomization/b42-own"]).becomes_ready()

    evil = scenario["Kustomization/b42-evil"]
    expect(evil).is_denied(
        reason="ReconciliationFailed",
        message=("GitRepository/shared-a/b42-evil dry-run failed (Forbidden)", scenario.denial("sources")),
    )
    expect(evil).leaves_no_trace("GitRepository/b42-evil", namespace="shared-a")
    # The rest of the commit is held back too: no half of it is ever live.
    expect(evil).leaves_no_trace("ConfigMap/b42-sibling", namespace="shared-a")
