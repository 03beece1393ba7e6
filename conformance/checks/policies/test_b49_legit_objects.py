"""B49: what a tenant is meant to do, the policies admit.

Every denial of this suite could be had by refusing everything. The objects of an ordinary tenant are all admitted, in
the namespace in which the others are refused.
"""

from conformance.api import Control, Scenario, check, expect


# One result and not one for each kind: each policy that refuses too much is a mutant of its own.
@check(
    "B49",
    control=Control.POLICY_SCOPE,
    kills=["M28-sources", "M28-kubeconfig", "M28-guard-flux", "M28-guard-sources", "M28-guard-satoken", "M20-binding"],
    source="catalogue B49; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal="every object is admitted",
)
def test_b49_legit_objects(scenario: Scenario) -> None:
    """Submit sources of each kind, what uses them, notifications, and a workload."""
    # Dry-runs are admitted like the real thing, and leave nothing to reconcile.
    for subject in scenario.subjects:
        expect(subject.submit(dry_run=True)).is_admitted()
